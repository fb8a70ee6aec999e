"""A clinician brings files of a patient, looks at them, and the neighbour sees nothing of it."""

from __future__ import annotations

import os
import re
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.e2e.walk import PASSWORD, SECRET, sign_in

pytestmark = pytest.mark.e2e

MAKE = f"""
from accounts.services import ensure_user
from clinical.documents.models import Document
from clinical.patients.models import Patient
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
for name in ("alpha", "beta"):
    with public_scope():
        clinic = Tenant.objects.get(subdomain=name)
    with tenant_scope(clinic):
        for person in ("dora", "dina", "dave"):
            ensure_user(email=f"{{person}}@{{name}}.example", name=person.title(), role="owner",
                        password="{PASSWORD}", totp_secret="{SECRET}")
        patient = Patient.objects.create(given_names="Ada", family_name="Files", number=901)
        print(name, patient.pk)
        if name == "alpha":
            Document.objects.create(file_name="lost.pdf", title="Report of nobody",
                                    external_path="scans/lost.pdf")
"""
# The smallest PDF with words on its page that a viewer draws.
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
    b"/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 44>>stream\nBT /F 24 Tf 40 100 Td (Referral letter) Tj ET\nendstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def _photo(text: str, size: tuple[int, int] = (1600, 1200)) -> bytes:
    image = Image.new("RGB", size, "#20606a")
    draw = ImageDraw.Draw(image)
    draw.ellipse((size[0] * 0.25, size[1] * 0.2, size[0] * 0.75, size[1] * 0.8), fill="#e8b26a")
    draw.text((80, 80), text, fill="white", font_size=90)
    kept = BytesIO()
    image.save(kept, "JPEG")
    return kept.getvalue()


@pytest.fixture(scope="module")
def patients(platform) -> dict[str, str]:
    made = platform.nexus("shell", "--no-imports", "-c", MAKE)
    assert made.returncode == 0, made.stderr
    return dict(line.split() for line in made.stdout.split("\n") if line)


def _sign_in(platform, page, clinic: str, path: str, *, person: str = "dora") -> None:
    """Each test has a person of its own: a code is good for one log-in only."""
    sign_in(page, platform.url(clinic, path), f"{person}@{clinic}.example")


def _keep(page, name: str) -> None:
    if folder := os.environ.get("NEXUS_E2E_KEEP"):
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(400)
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=width == 390)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.set_viewport_size({"width": 1440, "height": 900})


def _fetched(page, path: str) -> dict[str, object]:
    """Ask for an address as the page itself would."""
    return page.evaluate(
        """async (path) => {
            const answer = await fetch(path);
            const body = new Uint8Array(await answer.arrayBuffer());
            return {status: answer.status, url: answer.url, size: body.length,
                    frame: answer.headers.get("x-frame-options")};
        }""",
        path,
    )


def _file(name: str, kind: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": kind, "buffer": content}


def test_documents_come_are_seen_and_can_be_archived(platform, page, patients):
    record = f"/patients/{patients['alpha']}/documents/"
    _sign_in(platform, page, "alpha", record)
    page.get_by_text("No documents yet").wait_for()
    _keep(page, "documents-empty")

    page.locator("[data-files-category]").fill("Referral")
    page.locator("[data-files-input]").first.set_input_files(
        [
            _file("Referral_Dr_North.pdf", "application/pdf", PDF),
            _file("plan.txt", "text/plain", b"Ten minutes a day\n" * 9000),
            _file("virus.pdf", "application/pdf", b"MZ\x90\0\3\0\0\0" + bytes(200)),
        ]
    )
    page.get_by_role("link", name="Referral Dr North").wait_for()
    page.get_by_text("This is a Windows program").wait_for()
    assert page.locator("li[data-done]").count() == 2
    _keep(page, "documents-list")

    page.locator("#dc-filter").fill("plan")
    assert page.locator("tr[data-files-row]:visible").count() == 1
    page.locator("#dc-filter").fill("")
    page.get_by_role("link", name="Referral Dr North").click()
    frame = page.locator("iframe.dc-pdf")
    frame.wait_for()
    answer = _fetched(page, frame.get_attribute("src"))
    assert (answer["status"], answer["size"], answer["frame"]) == (200, len(PDF), "SAMEORIGIN")
    page.wait_for_timeout(1500)
    _keep(page, "documents-pdf")

    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").first.click()
    assert saved.value.suggested_filename == "Referral Dr North.pdf"

    page.get_by_role("link", name="Edit").last.click()
    page.get_by_label("Category").fill("Letter")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("definition").filter(has_text="Letter").wait_for()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Referral Dr North").wait_for()


def test_images_are_shown_by_batch_and_stay_within_the_clinic(platform, page, patients):
    record = f"/patients/{patients['alpha']}/documents/"
    _sign_in(platform, page, "alpha", f"{record}?only=images", person="dina")
    page.locator("[data-files-batch]").fill("Ankle, first visit")
    page.locator("[data-files-input]").first.set_input_files(
        [_file(f"ankle_{n}.jpg", "image/jpeg", _photo(f"Ankle {n}")) for n in range(3)]
    )
    page.get_by_role("heading", name=re.compile("Ankle, first visit")).wait_for()
    page.locator(".dc-thumb img").nth(2).wait_for(timeout=30_000)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.dc-thumb img')].every((i) => i.naturalWidth === 480)"
    )
    assert page.locator(".dc-shelf").count() == 1
    _keep(page, "documents-images")

    page.locator(".dc-tile").nth(1).click()
    image = page.locator("[data-zoom-image]")
    image.wait_for()
    page.wait_for_function(
        "() => document.querySelector('[data-zoom-image]').naturalWidth === 1600"
    )
    fits = image.bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    assert image.bounding_box()["width"] > fits
    page.get_by_role("button", name="Fit", exact=True).click()
    assert image.bounding_box()["width"] == fits
    _keep(page, "documents-image")
    address = page.url
    source = image.get_attribute("src")

    page.get_by_role("link", name="Next image").click()
    page.wait_for_url(lambda url: url != address)
    with page.expect_download() as saved:
        page.goto(platform.url("alpha", record))
        page.get_by_role("button", name="Download all").click()
    assert saved.value.suggested_filename == "patient-901-files.zip"

    page.context.clear_cookies()
    assert "login" in _fetched(page, source)["url"]
    _sign_in(platform, page, "beta", f"/patients/{patients['beta']}/documents/")
    page.get_by_text("No documents yet").wait_for()
    for path in (source, address.split(str(platform.port))[1], record):
        assert _fetched(page, path)["status"] == 404


def test_a_file_of_nobody_is_given_to_its_patient(platform, page, patients):
    _sign_in(platform, page, "alpha", "/documents/unlinked/", person="dave")
    page.get_by_role("checkbox", name="Report of nobody").check()
    _keep(page, "documents-unlinked")
    page.get_by_role("button", name="Give ticked files to a patient").click()
    page.get_by_placeholder("Name, phone").last.fill("Files")
    page.get_by_role("button", name="Find").click()
    _keep(page, "documents-assign")
    page.get_by_role("button", name=re.compile("FILES|Files, Ada|Ada")).last.click()
    expect(page.get_by_role("checkbox", name="Report of nobody")).to_have_count(0)

    page.goto(platform.url("alpha", f"/patients/{patients['alpha']}/documents/"))
    page.get_by_role("link", name="Report of nobody").click()
    page.get_by_text("scans/lost.pdf").wait_for()
    _keep(page, "documents-awaiting")
