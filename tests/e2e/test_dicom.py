"""A clinician opens a CT: the pixels are right, the series in order, another's name is warned of."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.clinical.documents.dicom_files import (
    DEFLATED,
    EXPLICIT,
    J2K,
    LOSSLESS,
    RLE,
    dicom,
    halves,
    lossless_jpeg,
    run_lengths,
)
from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

MAKE = """
from datetime import date
from pathlib import Path
from clinical.documents.models import Document, ImageBatch
from clinical.documents.services import store_file
from clinical.patients.models import Patient
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="lightbox")
with tenant_scope(clinic):
    ada = Patient.objects.create(given_names="Ada", family_name="North", date_of_birth=date(1950, 3, 3))
    batch = ImageBatch.objects.create(patient=ada, name="CT spine")
    for path in sorted(Path({folder!r}).iterdir()):
        alone = path.name in ("other", "film")
        document = Document.objects.create(file_name=path.name, patient=ada, kind="image",
                                           batch=None if alone else batch, dated_on=None if not alone
                                           else date(2026, 1, 1 + (path.name == "film")))
        store_file(document, [path.read_bytes()], actor=None, follow_up=False)
        print(path.name, document.pk)
"""
UNSIGNED = {0x00280103: ("US", 0), 0x00281052: ("DS", "-1000"), 0x00281053: ("DS", "1")}


def _write_files(folder) -> None:
    """Write five slices, each packed its own way and named against their order; two others."""

    def slice_of(number: int, name: str, syntax: str, pack=None, *, more=None, above=0) -> None:
        rows = halves(-160 + above, 40 + 20 * number + above)
        pixels = pack(rows) if pack else None
        file = dicom(rows, number=number, syntax=syntax, pixels=pixels, more=more)
        (folder / name).write_bytes(file)

    def wavelets(rows: list[list[int]]) -> bytes:
        image = Image.new("I;16", (64, 64))
        image.putdata([value for row in rows for value in row])
        kept = BytesIO()
        image.save(kept, "JPEG2000", irreversible=False, no_jp2=True)
        return kept.getvalue()

    slice_of(1, "e", EXPLICIT)
    slice_of(2, "d", RLE, run_lengths)
    slice_of(3, "c", DEFLATED)
    slice_of(4, "b", J2K, wavelets, more=UNSIGNED, above=1000)
    slice_of(5, "a", LOSSLESS, lossless_jpeg, more=UNSIGNED, above=1000)
    other = dicom(halves(), name="Müller^Bo", born="19610101", series="9", modality="DX")
    (folder / "other").write_bytes(other)
    (folder / "film").write_bytes(
        dicom(halves(), series="8", syntax="1.2.840.10008.1.2.4.103", pixels=b"12")
    )


def _grey(value: int, *, centre: float = 40, width: float = 400) -> int:
    """Say what the standard's window makes of a value (PS3.3 C.11.2.1.2.1)."""
    return min(255, max(0, round(((value - (centre - 0.5)) / (width - 1) + 0.5) * 255)))


def _shown(page) -> list[int]:
    """Read the middles of both halves off the canvas."""
    return page.evaluate(
        """() => {
            const canvas = document.querySelector("[data-dicom-canvas]");
            const side = Math.min(canvas.width, canvas.height);
            const at = (part) => canvas.getContext("2d").getImageData(
                Math.round(canvas.width / 2 + part * side / 4), Math.round(canvas.height / 2), 1, 1).data[0];
            return [at(-1), at(1)];
        }"""
    )


def test_a_clinician_looks_through_a_ct(platform, page, tmp_path):
    owner = make_clinic(platform, "lightbox", owner="Lia Bright")
    _write_files(tmp_path)
    made = platform.nexus("shell", "--no-imports", "-c", MAKE.format(folder=str(tmp_path)))
    assert made.returncode == 0, made.stderr[-2000:]
    ids = dict(line.split() for line in made.stdout.splitlines() if line)

    sign_in(page, platform.url("lightbox", f"/documents/{ids['c']}/"), owner)
    ready = page.locator("[data-dicom][data-ready]")
    ready.wait_for()
    stage = page.locator("[data-dicom-stage]")
    place = page.locator("[data-dicom-place]")

    # Ordered by their numbers, not their names; each unpacked to the same values.
    expect(place).to_have_text("3 / 5")
    assert _shown(page) == [_grey(-160), _grey(100)]
    stage.focus()
    page.keyboard.press("Home")
    for number in (1, 2, 3, 4, 5):
        expect(place).to_have_text(f"{number} / 5")
        expect(page.locator("[data-dicom-canvas]")).to_have_attribute(
            "aria-label", f"CT, image {number} of 5"
        )
        assert _shown(page) == [_grey(-160), _grey(40 + 20 * number)], number
        page.keyboard.press("ArrowDown")

    page.get_by_label("Ready windows").select_option("Bone")
    assert _shown(page) == [_grey(value, centre=500, width=2000) for value in (-160, 140)]
    stage.focus()
    page.keyboard.press("1")
    page.keyboard.press("i")
    assert _shown(page) == [255, 255 - _grey(140)]
    page.keyboard.press("f")
    assert _shown(page) == [255 - _grey(140), 255]
    page.keyboard.press("Escape")
    assert _shown(page) == [_grey(-160), _grey(140)]

    # A line across half of the fitted image: 32 pixels of half a millimetre.
    box = stage.bounding_box()
    middle, side = (
        (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2),
        min(box["width"], box["height"]),
    )
    page.keyboard.press("l")
    page.mouse.move(middle[0] - side / 4, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + side / 4, middle[1], steps=4)
    page.mouse.up()
    expect(page.locator("[data-dicom-lengths]")).to_have_text(
        re.compile(r"Line 1: (15\.9|16\.[01]) mm")
    )
    expect(page.locator("[data-dicom-warning]")).to_be_hidden()
    look(page, "dicom")

    page.goto(platform.url("lightbox", f"/documents/{ids['other']}/"))
    ready.wait_for()
    expect(page.locator("[data-dicom-warning]")).to_contain_text(
        "Another name and date of birth in the image"
    )
    expect(page.locator("[data-dicom-warning]")).to_contain_text("Bo Müller, born 1 Jan 1961")
    look(page, "dicom-warning")

    page.goto(platform.url("lightbox", f"/documents/{ids['film']}/"))
    expect(page.locator("[data-dicom-say]")).to_contain_text("film (MPEG)")
