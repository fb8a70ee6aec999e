"""Medical images: known by their content, with a preview, opened as a stack by whom may see them."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image

from audit.models import Event
from clinical.documents.dicom import NoPictureError, picture_of
from clinical.documents.models import Document, ImageBatch
from clinical.documents.previews import NoPreviewError, preview_of
from clinical.documents.services import store_file
from clinical.documents.sniffing import DICOM, RefusedFileError, type_of
from clinical.patients.models import Patient
from tenants.scope import tenant_scope
from tests.clinical.documents.dicom_files import DEFLATED, dicom, element, halves

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def kept(tmp_path):
    def keep(content: bytes):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return keep


def _url(name: str, pk, **more) -> str:
    return reverse(f"documents:{name}", urlconf="config.urls_clinic", kwargs={"pk": pk, **more})


def test_a_medical_image_is_known_by_its_content_whatever_it_is_called(kept) -> None:
    whole = dicom(halves())
    for content in (whole, whole[132:], element(0x00080005, "CS", "ISO_IR 100") + bytes(200)):
        for name in ("", "IM0001", "scan.jpg"):
            assert type_of(kept(content), name=name).media_type == DICOM


def test_a_program_with_a_medical_image_behind_it_is_refused(kept) -> None:
    with pytest.raises(RefusedFileError):
        type_of(kept(b"MZ" + dicom(halves())[2:]), name="scan.dcm")


def test_its_preview_shows_the_first_window(kept) -> None:
    cases = {
        "as it is": {},
        "black is white": {0x00280004: ("CS", "MONOCHROME1")},
        "a sequence before": {0x00081140: ("SQ", element(0x00081155, "UI", "1.2"))},
    }
    for what, more in cases.items():
        picture = picture_of(kept(dicom(halves(), more=more)), most=10_000)

        ends = (picture.getpixel((3, 3)), picture.getpixel((60, 60)))
        assert ends == ((255, 0) if what == "black is white" else (0, 255)), what

    assert preview_of(kept(dicom(halves())), DICOM).width == 64


def test_a_compressed_one_has_a_preview_where_pillow_reads_it(kept) -> None:
    image = Image.new("L", (64, 64), 200)
    packed = BytesIO()
    image.save(packed, "JPEG")
    grey = {0x00280100: ("US", 8), 0x00281050: ("DS", "128"), 0x00281051: ("DS", "256")}

    file = dicom(halves(), syntax="1.2.840.10008.1.2.4.50", pixels=packed.getvalue(), more=grey)

    assert abs(picture_of(kept(file), most=10_000).getpixel((9, 9)) - 200) <= 2


def test_what_is_damaged_endless_or_unknown_has_no_preview(kept) -> None:
    whole = dicom(halves())
    nested = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    nested += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    cases = [
        whole[:-900],
        whole[:200],
        whole[:132] + nested * 500,
        dicom(halves(), syntax=DEFLATED),
        dicom(halves(), more={0x00280010: ("US", 65535), 0x00280011: ("US", 65535)}),
        dicom(halves(), more={0x00281050: ("DS", "much")}),
    ]
    for content in cases:
        with pytest.raises((NoPictureError, NoPreviewError)):
            preview_of(kept(content), DICOM)


def test_a_stack_is_the_batch_and_nobody_elses(alpha, beta, sign_in) -> None:
    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North")
        batch = ImageBatch.objects.create(patient=ada, name="CT")
        other = ImageBatch.objects.create(patient=ada, name="X-ray")
        made = []
        for place, scan, content in (
            (batch, "clean", dicom(halves())),
            (batch, "clean", dicom(halves(), number=2)),
            (batch, "pending", dicom(halves(), number=3)),
            (other, "clean", dicom(halves(), number=4)),
        ):
            document = Document.objects.create(
                file_name="IM", patient=ada, batch=place, kind=Document.Kind.IMAGE
            )
            store_file(document, [content], actor=None, follow_up=False)
            Document.objects.filter(pk=document.pk).update(scan=scan)
            made.append(document)
    clinician = sign_in(alpha, "clinician")

    page = clinician.get(_url("detail", made[0].pk))
    answer = clinician.get(_url("stack", made[0].pk))

    assert "'wasm-unsafe-eval'" in page.headers["Content-Security-Policy"]
    assert b"data-dicom-stage" in page.content
    images = answer.json()["images"]
    assert [image["id"] for image in images] == [str(made[0].pk), str(made[1].pk)]
    bytes_of = clinician.get(images[1]["url"], headers={"Range": "bytes=0-131"})
    assert b"".join(bytes_of)[128:] == b"DICM"
    assert bytes_of.headers["Content-Disposition"].startswith("attachment")
    assert clinician.get(_url("stack", made[2].pk)).status_code == 404
    assert sign_in(alpha, "coordinator").get(_url("stack", made[0].pk)).status_code in {
        403,
        404,
    }
    assert sign_in(beta, "clinician").get(_url("stack", made[0].pk)).status_code == 404
    with tenant_scope(alpha):
        looked = Event.objects.filter(action="view", object_id=str(made[0].pk))
        assert [event.subject_id for event in looked] == [str(ada.pk)] * 2


def test_the_policy_of_other_files_stays_as_strict_as_everywhere(alpha, sign_in, pdf) -> None:
    with tenant_scope(alpha):
        document = Document.objects.create(file_name="a.pdf")
        store_file(document, [pdf], actor=None, follow_up=False)

    page = sign_in(alpha, "clinician").get(_url("detail", document.pk))

    assert "wasm" not in page.headers["Content-Security-Policy"]
