"""Files in the browser: by whom, with which headers, and what goes on record."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from clinical.documents.links import sign_link
from clinical.documents.models import Document, ImageBatch, Upload
from clinical.documents.services import store_file
from clinical.patients.models import Patient
from tenants.scope import tenant_scope
from tenants.storage import work_dir

pytestmark = pytest.mark.django_db(databases=["default"])
HEAD = {"Content-Type": "application/json"}


@pytest.fixture
def ada(alpha):
    with tenant_scope(alpha):
        return Patient.objects.create(given_names="Ada", family_name="North")


@pytest.fixture
def clinician(alpha, sign_in):
    return sign_in(alpha, "clinician")


@pytest.fixture
def stored(alpha, ada, person):
    """Store a file of Ada's at alpha: `stored(pdf, "scan.pdf", scan="pending")`."""

    def store(content: bytes, name: str = "scan.pdf", *, scan: str = "", **fields) -> Document:
        with tenant_scope(alpha):
            document = Document.objects.create(file_name=name, **{"patient": ada, **fields})
            store_file(document, [content], actor=None, follow_up=False)
            if scan:
                Document.objects.filter(pk=document.pk).update(scan=scan)
            return document

    return store


def _url(name: str, pk, **more) -> str:
    return reverse(f"documents:{name}", urlconf="config.urls_clinic", kwargs={"pk": pk, **more})


def _signed(clinic, client, document: Document, purpose: str = "show") -> str:
    with tenant_scope(clinic):
        return _url(
            purpose,
            document.pk,
            token=sign_link(document, actor=client.person, purpose=purpose),
        )


def _events(clinic, action: str) -> list[str]:
    with tenant_scope(clinic):
        return [
            event.object_id
            for event in Event.objects.filter(action=action, object_type="documents_document")
        ]


def test_a_pdf_is_shown_by_the_browsers_own_viewer_and_nothing_else_runs(
    alpha, sign_in, stored, pdf
) -> None:
    clinician, scan = sign_in(alpha, "clinician"), stored(pdf)

    answer = clinician.get(_signed(alpha, clinician, scan))

    assert answer.getvalue() == pdf
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="scan.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"plain words", "note.txt"),
        (b"<svg xmlns='a'><path/></svg>", "logo.svg"),
        (b"PK\3\4" + bytes(60), "scans.zip"),
    ],
)
def test_what_is_neither_image_nor_pdf_is_only_saved(alpha, sign_in, stored, content, name) -> None:
    clinician = sign_in(alpha, "clinician")

    answer = clinician.get(_signed(alpha, clinician, stored(content, name)))

    assert answer.getvalue() == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "svg" not in answer.headers["Content-Type"]
    assert "html" not in answer.headers["Content-Type"]


def test_one_range_of_a_file_can_be_asked_for(alpha, sign_in, stored, pdf) -> None:
    clinician = sign_in(alpha, "clinician")
    url = _signed(alpha, clinician, stored(pdf))

    part = clinician.get(url, headers={"range": "bytes=2-5"})
    rest = clinician.get(url, headers={"range": f"bytes={len(pdf) - 3}-"})
    past = clinician.get(url, headers={"range": "bytes=9999-"})

    assert (part.status_code, part.getvalue()) == (206, pdf[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(pdf)}"
    assert rest.getvalue() == pdf[-3:]
    assert past.status_code == 416


def test_a_link_opens_nothing_for_anybody_else(alpha, beta, sign_in, stored, pdf) -> None:
    clinician, scan, other = sign_in(alpha, "clinician"), stored(pdf), stored(pdf, "other.pdf")
    url = _signed(alpha, clinician, scan)
    token = url.rstrip("/").rpartition("/")[2]

    refused = [
        sign_in(alpha, "owner").get(url),
        sign_in(beta, "clinician").get(url),
        clinician.get(_url("show", other.pk, token=token)),
        clinician.get(_url("download", scan.pk, token=token)),
        clinician.get(_url("show", scan.pk, token="x")),
    ]

    assert [answer.status_code for answer in refused] == [404] * 5


def test_a_link_that_has_ended_leads_to_the_page_of_the_file(
    alpha, sign_in, stored, pdf, monkeypatch
) -> None:
    clinician, scan = sign_in(alpha, "clinician"), stored(pdf)
    url = _signed(alpha, clinician, scan)
    monkeypatch.setitem(__import__("clinical.documents.links", fromlist=["x"]).SECONDS, "show", -1)

    answer = clinician.get(url)

    assert answer.headers["Location"] == _url("detail", scan.pk)


@pytest.mark.parametrize("scan", ["pending", "infected"])
def test_a_file_that_is_not_known_to_be_clean_is_not_handed_out(
    alpha, sign_in, stored, pdf, scan
) -> None:
    clinician, file = sign_in(alpha, "clinician"), stored(pdf, scan=scan)

    page = clinician.get(_url("detail", file.pk))
    answers = [
        clinician.get(_signed(alpha, clinician, file, purpose)) for purpose in ("show", "download")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "/show/" not in page.text
    assert "/save/" not in page.text


def test_looking_and_saving_go_on_record(alpha, sign_in, stored, pdf) -> None:
    clinician, scan = sign_in(alpha, "clinician"), stored(pdf)

    clinician.get(_url("detail", scan.pk))
    lead = clinician.get(_url("save", scan.pk))
    saved = clinician.get(urlsplit(lead.headers["Location"]).path)

    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.getvalue() == pdf
    assert _events(alpha, "view") == [str(scan.pk)]
    assert _events(alpha, "export") == [str(scan.pk)]


@pytest.mark.parametrize("role", [User.Role.BILLING, User.Role.COORDINATOR])
def test_who_may_not_see_files_meets_a_wall_everywhere(alpha, sign_in, stored, ada, role) -> None:
    scan, client = stored(b"%PDF-1.4"), sign_in(alpha, role)

    answers = [
        client.get(_url("list", ada.pk)),
        client.get(_url("detail", scan.pk)),
        client.get(_signed(alpha, client, scan)),
        client.post(_url("upload", ada.pk), "{}", content_type="application/json"),
        client.post(_url("export", ada.pk)),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    with tenant_scope(alpha):
        assert Upload.objects.count() == 0


def test_reception_brings_and_edits_but_neither_archives_nor_takes_all_along(
    alpha, sign_in, stored, pdf, ada
) -> None:
    scan, reception = stored(pdf), sign_in(alpha, "reception")

    page = reception.get(_url("detail", scan.pk)).text
    answers = [
        reception.post(_url("archive", scan.pk)).status_code,
        reception.post(_url("export", ada.pk)).status_code,
        reception.post(_url("edit", scan.pk), {"title": "Plan", "kind": "document"}).status_code,
    ]

    assert answers == [403, 403, 302]
    assert "/archive/" not in page
    with tenant_scope(alpha):
        scan.refresh_from_db()
    assert scan.title == "Plan"


def test_the_list_asks_the_same_number_of_questions_for_one_and_for_many(
    clinician, stored, pdf, jpeg, ada
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counted = []
    for _round in range(2):
        for number in range(3 if counted else 1):
            stored(pdf, f"{number}.pdf")
            stored(jpeg(), f"{number}.jpg", kind="image")
        clinician.get(_url("list", ada.pk))
        for path in ("", "?only=images", "?by=category"):
            with CaptureQueriesContext(connection) as asked:
                clinician.get(_url("list", ada.pk) + path)
            counted.append(len(asked))

    assert counted[:3] == counted[3:]


def test_images_stand_by_batch_newest_first(alpha, sign_in, stored, jpeg, ada) -> None:
    with tenant_scope(alpha):
        old = ImageBatch.objects.create(patient=ada, name="First visit", taken_on=date(2020, 1, 2))
        new = ImageBatch.objects.create(patient=ada, name="Check-up", taken_on=date(2026, 1, 2))
    for batch in (old, new, None):
        stored(jpeg(), "a.jpg", kind="image", batch=batch)

    page = sign_in(alpha, "clinician").get(_url("list", ada.pk) + "?only=images").text

    places = [page.index(text) for text in ("Check-up", "First visit", "Without a batch")]
    assert places == sorted(places)


def test_an_archived_file_leaves_the_list_and_comes_back(alpha, sign_in, stored, pdf, ada) -> None:
    clinician, scan = sign_in(alpha, "clinician"), stored(pdf, title="Scan of a letter")

    gone = clinician.post(_url("archive", scan.pk), follow=True)
    listed = "Scan of a letter" in clinician.get(_url("list", ada.pk)).text
    archived = "Scan of a letter" in clinician.get(_url("list", ada.pk) + "?only=archived").text
    clinician.post(_url("restore", scan.pk))

    assert f'data-toast-undo="{_url("restore", scan.pk)}"' in gone.text
    assert (listed, archived) == (False, True)
    assert "Scan of a letter" in clinician.get(_url("list", ada.pk)).text


def _send(client, ada, content: bytes, *, name: str = "scan.pdf", **more):
    created = client.post(
        _url("upload", ada.pk),
        json.dumps({"name": name, "size": len(content), **more}),
        content_type="application/json",
    )
    if created.status_code != 201:
        return created
    return _put(client, created.json()["url"], content)


def _put(client, url: str, content: bytes, *, start: int = 0, total: int = 0):
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    span = f"bytes {start}-{start + len(content) - 1}/{total or len(content)}"
    return client.put(
        url,
        content,
        content_type="application/octet-stream",
        headers={"content-range": span, "content-digest": f"sha-256=:{digest}:"},
    )


def test_a_file_comes_in_parts_and_becomes_a_document(alpha, sign_in, ada, pdf) -> None:
    reception = sign_in(alpha, "reception")
    created = reception.post(
        _url("upload", ada.pk),
        {"name": "C:\\scans\\Letter_from_GP.pdf", "size": len(pdf), "category": "Letter"},
        content_type="application/json",
    ).json()
    first = _put(reception, created["url"], pdf[:9], total=len(pdf)).json()
    again = _put(reception, created["url"], pdf[:9], total=len(pdf))
    asked = reception.get(created["url"]).json()
    last = _put(reception, created["url"], pdf[9:], start=9, total=len(pdf)).json()

    assert (first["offset"], first["complete"]) == (9, False)
    assert (again.status_code, again.json()["offset"]) == (409, 9)
    assert asked["offset"] == 9
    assert last["complete"] is True
    with tenant_scope(alpha):
        document = Document.objects.get()
        left = list(work_dir("uploads").iterdir())
    assert (document.title, document.category, document.state, document.patient_id) == (
        "Letter from GP",
        "Letter",
        "stored",
        ada.pk,
    )
    assert left == []


def test_photos_sent_together_stand_in_one_batch_of_the_day(alpha, sign_in, ada, jpeg, pdf):
    clinician = sign_in(alpha, "clinician")

    for name, content in (("a.jpg", jpeg()), ("b.jpg", jpeg(200)), ("c.pdf", pdf)):
        _send(clinician, ada, content, name=name, kind="image", batch="Left ankle")

    with tenant_scope(alpha):
        batch = ImageBatch.objects.get()
        kinds = sorted(Document.objects.values_list("file_name", "kind", "batch__name"))
    assert batch.name == "Left ankle"
    assert kinds == [
        ("a.jpg", "image", "Left ankle"),
        ("b.jpg", "image", "Left ankle"),
        ("c.pdf", "document", None),
    ]


def test_a_refused_file_leaves_nothing_but_the_reason(alpha, sign_in, ada) -> None:
    answer = _send(sign_in(alpha, "clinician"), ada, b"MZ\x90\0" + bytes(50))

    assert answer.status_code == 422
    assert "Windows program" in answer.json()["detail"]
    with tenant_scope(alpha):
        assert (Document.objects.count(), Upload.objects.count()) == (0, 0)
        assert list(work_dir("uploads").iterdir()) == []


def test_a_storage_that_is_away_is_tried_again_without_sending_anew(
    alpha, sign_in, ada, pdf, monkeypatch
) -> None:
    from tenants.storage import ScopedFileSystemStorage, StorageUnavailableError

    def fails(*_args: object, **_more: object) -> None:
        raise StorageUnavailableError("The storage is away.")

    clinician = sign_in(alpha, "clinician")
    with monkeypatch.context() as broken:
        broken.setattr(ScopedFileSystemStorage, "adopt", fails)
        failed = _send(clinician, ada, pdf)
    with tenant_scope(alpha):
        upload, documents = Upload.objects.get(), Document.objects.count()
    finished = clinician.put(
        _url("upload_part", upload.pk), headers={"content-range": f"bytes */{len(pdf)}"}
    )

    assert (failed.status_code, failed.json()["detail"]) == (503, "The storage is away.")
    assert documents == 0
    assert finished.json()["complete"] is True


def test_nobody_goes_on_with_somebody_elses_upload(alpha, beta, sign_in, ada, pdf) -> None:
    created = sign_in(alpha, "clinician").post(
        _url("upload", ada.pk),
        {"name": "scan.pdf", "size": len(pdf)},
        content_type="application/json",
    )
    url = created.json()["url"]

    answers = [
        _put(sign_in(alpha, "owner"), url, pdf).status_code,
        _put(sign_in(beta, "clinician"), url, pdf).status_code,
    ]

    assert answers == [404, 404]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"name": "a", "size": "x"}', "null"])
def test_a_request_without_name_and_size_is_refused(alpha, sign_in, ada, body) -> None:
    answer = sign_in(alpha, "clinician").post(
        _url("upload", ada.pk), body, content_type="application/json"
    )

    assert answer.status_code == 400


def test_files_of_nobody_are_given_to_a_patient(alpha, sign_in, stored, pdf, ada) -> None:
    first, second = stored(pdf, patient=None), stored(pdf, "b.pdf", patient=None)
    reception = sign_in(alpha, "reception")
    ticked = {"document": [str(first.pk), str(second.pk), "x"]}

    listed = reception.get("/documents/unlinked/").text
    found = reception.post("/documents/unlinked/assign/", {**ticked, "q": "North"}).text
    reception.post("/documents/unlinked/assign/", {**ticked, "patient": str(ada.pk)})

    assert str(first.pk) in listed
    assert str(ada.pk) in found
    with tenant_scope(alpha):
        assert set(Document.objects.values_list("patient", flat=True)) == {ada.pk}
        assert {d.storage_key.split("/")[0] for d in Document.objects.all()} == {"unlinked"}


def test_a_file_that_has_its_patient_is_not_given_to_another(
    alpha, sign_in, stored, pdf, ada
) -> None:
    scan = stored(pdf)
    with tenant_scope(alpha):
        other = Patient.objects.create(family_name="South")

    sign_in(alpha, "owner").post(
        "/documents/unlinked/assign/", {"document": str(scan.pk), "patient": str(other.pk)}
    )

    with tenant_scope(alpha):
        scan.refresh_from_db()
    assert scan.patient_id == ada.pk


def test_all_files_come_as_one_archive_with_its_index(alpha, sign_in, stored, pdf, ada) -> None:
    with tenant_scope(alpha):
        batch = ImageBatch.objects.create(patient=ada, name="Ankle: left/right")
    stored(pdf, title="=SUM(1)", dated_on=date(2026, 2, 3))
    stored(pdf, "b.pdf", title="=SUM(1)", dated_on=date(2026, 2, 3))
    stored(b"\xff\xd8\xff", "a.jpg", kind="image", batch=batch)
    stored(pdf, "bad.pdf", title="Infected", scan="infected")

    answer = sign_in(alpha, "owner").post(_url("export", ada.pk))

    packed = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    rows = list(csv.DictReader(io.StringIO(packed.read("index.csv").decode("utf-8-sig"))))
    assert packed.testzip() is None
    assert sorted(packed.namelist()) == [
        "documents/2026-02-03 SUM(1) (2).pdf",
        "documents/2026-02-03 SUM(1).pdf",
        "images/Ankle left right/a.jpg",
        "index.csv",
    ]
    assert packed.read("documents/2026-02-03 SUM(1).pdf") == pdf
    assert [row["file"] for row in rows if row["title"] == "Infected"] == [""]
    assert rows[0]["title"].startswith("'=") or rows[1]["title"].startswith("'=")
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="patient-{ada.number}-files.zip"'
    )
    with tenant_scope(alpha):
        assert Event.objects.get(action="export").subject_id == str(ada.pk)


def test_a_file_that_has_gone_does_not_break_the_archive(alpha, sign_in, stored, pdf, ada) -> None:
    from pathlib import Path

    from django.core.files.storage import default_storage

    scan = stored(pdf)
    stored(b"some words", "b.txt")
    with tenant_scope(alpha):
        Path(default_storage.path(scan.storage_key)).unlink()

    answer = sign_in(alpha, "owner").post(_url("export", ada.pk))

    packed = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    assert sorted(packed.namelist()) == ["documents/b.txt", "index.csv", "not-included.txt"]
    assert packed.read("not-included.txt") == b"documents/scan.pdf"
