from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter

import pytest

from clinical.documents.many import ManyFiles
from clinical.documents.models import Document
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports import bundle, filing, runs, services
from onboarding.imports.filing import account_of, ask_again, file_run
from onboarding.imports.models import FileTask, ImportRun, ImportSource
from onboarding.imports.upload import receive_file, take_in
from tenants.scope import NOBODY, tenant_scope
from tenants.storage import StorageUnavailableError, clinic_storage

OWNER = NOBODY


@pytest.fixture(autouse=True)
def _no_previews(monkeypatch):
    monkeypatch.setattr(filing.prepare_pending, "delay", lambda: None)


@pytest.fixture(scope="session")
def expected(samples):
    return json.loads((samples.parent / "expected.json").read_text(encoding="utf-8"))


def loaded(clinic, path):
    """A run of a file, loaded: its documents wait for their files."""
    with tenant_scope(clinic):
        run = runs.begin_run(receive_file(path, actor=OWNER), actor=OWNER)
    services.read_file(clinic, run.pk, live=False)
    with tenant_scope(clinic):
        run = ImportRun.objects.select_related("source", "mapping").get(pk=run.pk)
        services.save_mapping(run, services.proposed_spec(run), actor=OWNER)
    services.load_run(clinic, run.pk, live=False, unchecked=True)
    with tenant_scope(clinic):
        return ImportRun.objects.select_related("source").get(pk=run.pk)


def staged(clinic, path):
    with tenant_scope(clinic):
        run = runs.begin_run(receive_file(path, actor=OWNER), actor=OWNER)
    services.read_file(clinic, run.pk, live=False)
    with tenant_scope(clinic):
        ImportRun.objects.filter(pk=run.pk).update(state="loaded")
        return ImportRun.objects.select_related("source").get(pk=run.pk)


def ask(run, cells, *, table_id=129):
    """Make a document and a task for each cell; answers the documents in the same order."""
    documents = [Document.objects.create() for _ in cells]
    for number, (document, cell) in enumerate(zip(documents, cells, strict=True), start=1):
        FileTask.objects.create(
            run=run, document_id=document.pk, table_id=table_id, record_id=number, field_id=1,
            cell=cell,
        )  # fmt: skip
    return documents


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in members:
            made.writestr(name, body)
    return file.getvalue()


def add_folder(source, *members, name="RC_Data_FMS.zip"):
    body = zipped(*members)
    file = bundle.add_file(ImportSource.objects.get(pk=source.pk), name=name, size=len(body))
    take_in(file, io.BytesIO(body))
    bundle.settle_file(file)
    return file


def content(document):
    stream = clinic_storage().stream(document.storage_key)
    try:
        return stream.read()
    finally:
        stream.close()


def fresh(documents):
    found = Document.objects.in_bulk([document.pk for document in documents])
    return [found[document.pk] for document in documents]


@pytest.mark.parametrize(
    ("name", "programs"),
    [("SoliantMike__FM-CombinePDFs__CombinePDFs.fmp12", 1),
     ("SoliantMike__FM-WebDirect_Zip__WebDirect_Zip.fmp12", 0)],
)  # fmt: skip
def test_what_is_stored_of_a_real_file_is_what_stood_in_it_byte_for_byte(
    alpha, samples, expected, name, programs
):
    sums = {
        (table["id"], obj["id"]): set(obj["streams"].values())
        for table in expected[f"samples/{name}"]
        for obj in table["container_objects"]
    }
    run = staged(alpha, samples / name)
    with tenant_scope(alpha), open_file(samples / name) as file:
        places = []
        for table in file.tables():
            cells = [
                text
                for record in file.records(table.id)
                for text in record.values.values()
                if ContainerRef.from_cell(text).object_id is not None
            ]
            documents = ask(run, cells, table_id=table.id)
            places += [
                (document, (table.id, ContainerRef.from_cell(cell).object_id))
                for document, cell in zip(documents, cells, strict=True)
            ]
    assert places

    account = file_run(alpha, run.pk, live=False)

    assert (account["stored"], account["failed"]) == (len(places) - programs, programs)
    with tenant_scope(alpha):
        for document, place in places:
            document.refresh_from_db()
            if document.state == "refused":
                assert document.problem.startswith("Files ending in .bat can run")
                continue
            assert document.sha256 in sums[place]
            assert hashlib.sha256(content(document)).hexdigest() == document.sha256


def test_the_demo_clinics_files_come_over_and_a_second_time_nothing_is_written(alpha, demo):
    run = loaded(alpha, demo.path)

    account = file_run(alpha, run.pk, live=False)

    with tenant_scope(alpha):
        run.refresh_from_db()
        assert (run.state, run.error) == ("loaded", "")
        assert run.report["files"] == account
        found = next(c for c in run.report["checks"] if c["name"] == "Files in storage")
        assert found["ok"]
        assert found["detail"] == "all looked at, 0 missing."
        assert account["stored"] > 20
        assert account["waiting"] == account["failed"] == 0
        states = Counter(Document.objects.values_list("state", flat=True))
        assert states["stored"] == account["stored"]
        before = {name: clinic_storage().size_or_none(name) for name in stored_names()}
        FileTask.objects.update(state="waiting")

    again = file_run(alpha, run.pk, live=False)

    assert again["already"] == account["stored"]
    with tenant_scope(alpha):
        assert {name: clinic_storage().size_or_none(name) for name in stored_names()} == before


def stored_names():
    return [*clinic_storage().names_below("patients"), *clinic_storage().names_below("unlinked")]


def test_files_outside_come_from_the_folder_and_the_missing_are_completed_later(alpha, demo):
    run = staged(alpha, demo.path)
    cells = ["remote:a.pdf\rFILE:Clinic/Docs/1/a.pdf", "remote:b.pdf\rFILE:Clinic/Docs/2/b.pdf"]
    with tenant_scope(alpha):
        documents = ask(run, cells)

    first = file_run(alpha, run.pk, live=False)

    assert (first["missing"], first["stored"]) == (2, 0)
    with tenant_scope(alpha):
        assert [d.state for d in fresh(documents)] == ["missing", "missing"]
        assert "Add the folder as a zip" in fresh(documents)[0].problem
        add_folder(run.source, ("RC_Data_FMS/Clinic/Docs/1/a.pdf", b"%PDF-1.4 one"))
        assert ask_again(run) == 2

    second = file_run(alpha, run.pk, live=False)

    assert (second["missing"], second["stored"]) == (1, 1)
    with tenant_scope(alpha):
        one, other = fresh(documents)
        assert content(one) == b"%PDF-1.4 one"
        assert (one.state, one.file_name, one.problem) == ("stored", "a.pdf", "")
        assert other.problem == "The folder that was handed over has no file of this name."
        add_folder(run.source, ("Docs/2/b.pdf", b"%PDF-1.4 two"), name="rest.zip")
        ask_again(run)

    assert file_run(alpha, run.pk, live=False)["missing"] == 0


def test_two_files_of_one_name_are_not_guessed_between(alpha, demo):
    run = staged(alpha, demo.path)
    with tenant_scope(alpha):
        (document,) = ask(run, ["remote:scan.pdf"])
        add_folder(run.source, ("a/scan.pdf", b"%PDF-1"), ("b/scan.pdf", b"%PDF-2"))

    file_run(alpha, run.pk, live=False)

    with tenant_scope(alpha):
        assert fresh([document])[0].problem.startswith("2 files in the folder could be this one")


def test_a_file_in_secure_storage_is_not_taken_for_the_document(alpha, demo):
    run = staged(alpha, demo.path)
    with tenant_scope(alpha):
        (document,) = ask(run, ["remote:scan.pdf\rFILE:Clinic/Secure/3A/77/9F21.pdf"])
        add_folder(run.source, ("RC/Clinic/Secure/3A/77/9F21.pdf", b"\x93\x11" * 50))
        FileTask.objects.update(cell="remote:scan.pdf\rFILE:Clinic/Secure/3A/77/9F21.pdf")

    account = file_run(alpha, run.pk, live=False)

    assert account["failed"] == 1
    with tenant_scope(alpha):
        assert "secure storage" in fresh([document])[0].problem


def test_when_the_storage_does_not_answer_the_run_stops_in_words_and_a_retry_completes(
    alpha, demo, monkeypatch
):
    run = loaded(alpha, demo.path)
    storage = type(clinic_storage()._wrapped if hasattr(clinic_storage(), "_wrapped") else None)
    adopt, calls = storage.adopt, Counter()

    def failing(self, *args, **kwargs):
        calls["adopt"] += 1
        if calls["adopt"] > 12:
            raise StorageUnavailableError("The file could not be stored: no space.")
        return adopt(self, *args, **kwargs)

    monkeypatch.setattr(storage, "adopt", failing)
    stopped = file_run(alpha, run.pk, live=False)

    assert 0 < stopped["stored"] < stopped["asked"]
    with tenant_scope(alpha):
        run.refresh_from_db()
        assert run.state == "loaded"
        assert "no space" in run.error
        assert "try again" in run.error

    monkeypatch.setattr(storage, "adopt", adopt)
    account = file_run(alpha, run.pk, live=False)

    assert account["waiting"] == 0
    with tenant_scope(alpha):
        run.refresh_from_db()
        assert run.error == ""


@pytest.mark.parametrize("dies_at", [1, 7, 20])
def test_a_worker_killed_at_any_point_is_taken_up_and_nothing_is_stored_twice(
    alpha, demo, monkeypatch, dies_at
):
    run = loaded(alpha, demo.path)
    with tenant_scope(alpha):
        others = set(stored_names())  # of tests that were rolled back in the database only
    add, calls = ManyFiles.add, Counter()

    def dying(*args, **kwargs):
        calls["store"] += 1
        if calls["store"] == dies_at:
            raise SystemExit
        return add(*args, **kwargs)

    monkeypatch.setattr(ManyFiles, "add", dying)
    with pytest.raises(SystemExit):
        file_run(alpha, run.pk, live=False)
    monkeypatch.setattr(ManyFiles, "add", add)

    account = file_run(alpha, run.pk, live=False)

    assert account["waiting"] == account["failed"] == 0
    with tenant_scope(alpha):
        keys = Counter(
            Document.objects.filter(state="stored").values_list("storage_key", flat=True)
        )
        assert set(stored_names()) - others == set(keys) - others


def test_a_document_deleted_here_meanwhile_is_said_and_the_rest_comes(alpha, demo):
    run = loaded(alpha, demo.path)
    with tenant_scope(alpha):
        asked = FileTask.objects.count()
        Document.objects.filter(pk=FileTask.objects.first().document_id).delete()

    account = file_run(alpha, run.pk, live=False)

    assert account["failed"] == 1
    assert account["stored"] + account["missing"] == asked - 1
    with tenant_scope(alpha):
        assert account_of(run)["reasons"][-1] == {
            "state": "failed", "reason": filing.GONE, "count": 1,
        }  # fmt: skip


def test_an_object_that_is_not_whole_is_not_taken_for_the_file(alpha, demo):
    run = staged(alpha, demo.path)
    with tenant_scope(alpha):
        (document,) = ask(run, ['"FF"'])

    file_run(alpha, run.pk, live=False)

    with tenant_scope(alpha):
        assert fresh([document])[0].state == "missing"


def test_after_the_upload_was_deleted_embedded_files_are_missing_with_the_reason(alpha, demo):
    run = loaded(alpha, demo.path)
    with tenant_scope(alpha):
        ImportSource.objects.update(state="discarded")
        run = ImportRun.objects.select_related("source").get(pk=run.pk)

    account = file_run(alpha, run.pk, live=False)

    assert account["stored"] == 0
    assert "Upload it again" in str(account["reasons"])
