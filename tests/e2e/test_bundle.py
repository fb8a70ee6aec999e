"""A clinic whose system is two files, with its documents in a folder beside them."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from onboarding.filemaker.demo_clinic.solution import demo_solution
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.writer import FmpWriter, Record, Solution
from onboarding.filemaker.sources import ContainerRef
from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

WHO_HAS_AN_IMAGE = """
from clinical.documents.models import Document
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="banksia")
with tenant_scope(clinic):
    image = Document.objects.filter(kind="image", state="stored", patient__isnull=False).first()
    print("PATIENT", image.patient_id)
"""
IMPORT = "/settings/data/import/"
OUTSIDE = frozenset({"Documents", "Images"})
FLAWED = 3


@pytest.fixture(scope="module")
def owner(platform):
    return make_clinic(platform, "banksia", owner="Bea Bundle")


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Two databases, and two zips of the folder in which the second keeps its files."""
    folder = tmp_path_factory.mktemp("system")
    demo = write_demo_clinic(folder / "Whole.fmp12", factor=0.02)
    members: list[tuple[str, bytes]] = []

    def cells_of(file, table, record):
        names = {field.id: field.name for field in table.fields}
        cells = {}
        for (field, repetition), stored in record.values.items():
            key = names[field] if repetition == 1 else (names[field], repetition)
            reference, text = ContainerRef.from_cell(stored), stored
            if table.name in OUTSIDE and reference.object_id is not None:
                found = file.container(table.id, reference.object_id)
                path = f"{table.name}/{record.id}/{found.file_name}"
                members.append((f"RC_Data_FMS/Files/{path}", found.read()))
                text = f"remote:{found.file_name}\rFILE:Files/{path}"
            cells[key] = text
        return cells

    def write(name, wanted):
        tables = tuple(t for t in demo_solution().tables if wanted(t.name))
        with open_file(demo.path) as file, FmpWriter(folder / name, Solution(tables)) as fmp:
            for table in tables:
                rows = [
                    Record(r.id, cells_of(file, table, r), r.modification_count)
                    for r in file.records(table.id)
                ]
                fmp.write_records(table.name, rows)
        return folder / name

    databases = [
        write("Clinic.fmp12", lambda name: name not in OUTSIDE),
        write("Files.fmp12", lambda name: name in OUTSIDE),
    ]
    return (
        databases,
        _zip(folder / "RC_Data_FMS.zip", members[:-FLAWED]),
        _zip(folder / "The rest.zip", members[-FLAWED:]),
    )


def _zip(path, members):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for name, content in members:
            made.writestr(name, content)
    path.write_bytes(body.getvalue())
    return path


def _reload_until(page, text, seconds=90):
    for _ in range(seconds):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError(f"{text} never came: {page.inner_text('main')[:800]}")


def test_two_files_and_the_folder_beside_them_come_over(platform, owner, system, page):
    databases, folder, rest = system
    sign_in(page, platform.url("banksia", IMPORT), owner)
    page.get_by_role("heading", name="Import", exact=True).wait_for()

    page.goto(platform.url("banksia", f"{IMPORT}new/"))
    look(page, "bundle-1-upload")
    page.locator("input[type=file]").set_input_files(databases)
    page.get_by_role("heading", name="Files of this import").wait_for(timeout=60_000)
    page.locator("input[type=file]").set_input_files(folder)
    page.get_by_text("files for patients' records").wait_for(timeout=60_000)
    page.get_by_text(re.compile(r"\d+ tables?, \d+ records")).first.wait_for(timeout=60_000)
    look(page, "bundle-2-files")

    page.get_by_role("button", name="Read these 2 files").click()
    page.get_by_text("The file has been read").wait_for(timeout=90_000)
    look(page, "bundle-3-read")
    page.get_by_role("link", name="Files of this import").click()
    page.get_by_role("link", name="see which fit").click()
    page.get_by_text("files are still missing").first.wait_for()
    look(page, "bundle-4-outside")
    page.get_by_role("link", name=re.compile("^Missing")).click()
    page.get_by_role("table").first.wait_for()

    page.goto(platform.url("banksia", IMPORT))
    page.get_by_role("link", name=re.compile("Clinic.fmp12 and 1 more")).click()
    page.get_by_role("link", name=re.compile("mapping", re.IGNORECASE)).first.click()
    page.get_by_role("button", name="Save and run it dry").click()
    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=90_000)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    _reload_until(page, "Add the folder with the missing files")
    look(page, "bundle-5-loaded")

    page.get_by_role("link", name="Add the folder with the missing files").click()
    page.locator("input[type=file]").set_input_files(rest)
    page.get_by_text("3 files for patients' records").wait_for(timeout=60_000)
    page.get_by_role("link", name="Back to the import").click()
    before = int(_stored(page))
    page.get_by_role("button", name="Try the missing files again").click()
    page.wait_for_timeout(2000)
    _reload_until(page, "Scans, documents and pictures")
    assert int(_stored(page)) == before + FLAWED

    found = platform.nexus("shell", "--no-imports", "-c", WHO_HAS_AN_IMAGE)
    patient = re.search(r"PATIENT (\S+)", found.stdout)[1]
    page.goto(platform.url("banksia", f"/patients/{patient}/documents/"))
    page.get_by_role("link", name=re.compile("^Images")).click()
    page.locator("main img").first.wait_for(timeout=60_000)
    look(page, "bundle-6-documents")


def _stored(page):
    _reload_until(page, "Stored")
    return page.locator("dt:has-text('Stored') + dd").inner_text().split()[0].replace(",", "")
