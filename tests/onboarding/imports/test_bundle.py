from __future__ import annotations

import io
import zipfile

import pytest

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from onboarding.filemaker.bundle.ids import SPAN
from onboarding.filemaker.demo_clinic.solution import demo_solution
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.writer import FmpWriter, Record, Solution
from onboarding.imports import bundle, runs, services, upload
from onboarding.imports.bundle_look import asked_files, look_at_files
from onboarding.imports.models import ImportLink, ImportRun, ImportSource, SourceFile
from onboarding.imports.services import import_file
from onboarding.imports.structure import Structure
from onboarding.imports.upload import RefusedFileError, take_in
from onboarding.imports.upload_parts import folder_of
from tenants.scope import NOBODY, tenant_scope

OWNER = NOBODY
APPOINTMENT_TABLES = frozenset({"Appointments"})


@pytest.fixture(scope="session")
def halves(demo, tmp_path_factory):
    """The demo clinic as two files: appointments in one of their own, ids as FileMaker gives them."""
    folder = tmp_path_factory.mktemp("halves")

    def write(name, wanted):
        tables = tuple(t for t in demo_solution().tables if wanted(t.name))
        path = folder / name
        with open_file(demo.path) as file, FmpWriter(path, Solution(tables)) as fmp:
            for table in tables:
                names = {field.id: field.name for field in table.fields}
                fmp.write_records(
                    table.name,
                    [
                        Record(
                            record.id,
                            {
                                names[f] if r == 1 else (names[f], r): text
                                for (f, r), text in record.values.items()
                            },
                            record.modification_count,
                        )
                        for record in file.records(table.id)
                    ],
                )
        return path

    return (
        write("Patients.fmp12", lambda name: name not in APPOINTMENT_TABLES),
        write("Diary.fmp12", lambda name: name in APPOINTMENT_TABLES),
    )


def add(source, path, name=""):
    body = path if isinstance(path, bytes) else path.read_bytes()
    file = bundle.add_file(source, name=name or path.name, size=len(body))
    take_in(file, io.BytesIO(body))
    bundle.settle_file(file)
    return file


def job_of(clinic, *paths):
    with tenant_scope(clinic):
        source = bundle.open_job(actor=OWNER)
        for path in paths:
            add(source, path)
        return source


def read(clinic, source):
    with tenant_scope(clinic):
        source = bundle.close_job(ImportSource.objects.get(pk=source.pk))
        run = runs.begin_run(source, actor=OWNER)
    services.read_file(clinic, run.pk, live=False)
    with tenant_scope(clinic):
        return ImportRun.objects.select_related("source").get(pk=run.pk)


def load(clinic, run):
    with tenant_scope(clinic):
        services.save_mapping(run, services.proposed_spec(run), actor=OWNER)
    return services.load_run(clinic, run.pk, live=False, unchecked=True)


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in members:
            made.writestr(name, body)
    return file.getvalue()


def test_two_files_are_imported_as_the_one_they_were(alpha, beta, halves, demo):
    import_file(beta, demo.path)
    run = read(alpha, job_of(alpha, *halves))
    report = load(alpha, run)

    assert report["holds"] is True
    assert run.source.file_name == "Patients.fmp12 and 1 more"
    structure = Structure.from_json(run.source.structure)
    assert {t.id // SPAN for t in structure.tables} == {0, 1}
    with tenant_scope(beta):
        patients, appointments = Patient.objects.count(), Appointment.objects.count()
    with tenant_scope(alpha):
        assert Patient.objects.count() == patients
        assert Appointment.objects.count() == appointments
        assert ImportLink.objects.filter(table_id__gt=SPAN, target_type="appointment").exists()


def test_the_same_files_in_another_order_and_with_another_more_double_nothing(
    alpha, halves, clinic_file
):
    load(alpha, read(alpha, job_of(alpha, *halves)))
    more = clinic_file(Patients=[]).rename(halves[0].with_name("Spare.fmp12"))

    report = load(alpha, read(alpha, job_of(alpha, more, *reversed(halves))))

    assert report["totals"]["created"] == 0
    assert report["totals"]["unchanged"] > 0
    with tenant_scope(alpha):
        assert ImportLink.objects.values("source_key").distinct().count() == 1


def test_a_file_imported_alone_keeps_its_ids_when_another_joins_it(alpha, halves):
    import_file(alpha, halves[0])
    with tenant_scope(alpha):
        before = set(ImportLink.objects.values_list("table_id", "record_id", "target_id"))

    report = load(alpha, read(alpha, job_of(alpha, *halves)))

    with tenant_scope(alpha):
        after = set(ImportLink.objects.values_list("table_id", "record_id", "target_id"))
    assert before < after
    assert report["totals"]["updated"] == 0
    assert all(table_id > SPAN for table_id, _, _ in after - before)


def test_one_file_of_a_job_is_known_when_it_comes_alone(alpha, halves):
    load(alpha, read(alpha, job_of(alpha, *halves)))

    report = import_file(alpha, halves[1])

    assert report["totals"]["created"] == 0
    with tenant_scope(alpha):
        again = ImportSource.objects.latest("created_at")
        assert again.kind == "bundle"
        assert again.files.get().slot == 1


def test_files_imported_apart_are_not_joined_afterwards(alpha, halves, clinic_file):
    people = [
        {"Name First": f"Ann{n}", "Name Last": f"Lee{n}", "DOB": "1/2/1980"} for n in range(9)
    ]
    other = clinic_file(Patients=people).rename(halves[0].with_name("Other.fmp12"))
    import_file(alpha, halves[0])
    import_file(alpha, other)

    with pytest.raises(Exception, match="imported before, each by itself"):
        read(alpha, job_of(alpha, halves[0], other))


def test_the_same_file_twice_is_refused_by_name(alpha, halves):
    copy = halves[1].with_name("Diary Copy.fmp12")
    copy.write_bytes(halves[1].read_bytes())

    with pytest.raises(
        Exception, match=r"“Diary\.fmp12” and “Diary Copy\.fmp12” are the same file"
    ):
        read(alpha, job_of(alpha, halves[1], copy))


def test_a_zip_of_several_files_becomes_a_job(alpha, halves):
    body = zipped(
        ("Clinic/Patients.fmp12", halves[0].read_bytes()),
        ("Clinic/Diary.fmp12", halves[1].read_bytes()),
        ("__MACOSX/._Diary.fmp12", b"x"),
    )
    with tenant_scope(alpha):
        source = upload.start_upload(name="Clinic.zip", size=len(body), actor=OWNER)
        take_in(source, io.BytesIO(body))
        source = bundle.open_zip(source)
        names = [file.file_name for file in bundle.data_files(source)]
    assert names == ["Patients.fmp12", "Diary.fmp12"]

    assert load(alpha, read(alpha, source))["holds"] is True

    with tenant_scope(alpha):
        assert Patient.objects.exists()
        assert source.files.get(storage_key__gt="").role == "archive"


def test_what_a_zip_holds_besides_databases_is_listed_as_patients_files(in_alpha, halves):
    source = bundle.open_job(actor=OWNER)

    add(
        source,
        zipped(("Diary.fmp12", halves[1].read_bytes()), ("RC/1/a.pdf", b"%PDF"), ("x.txt", b"y")),
        "All.zip",
    )

    assert [f.file_name for f in bundle.data_files(source)] == ["Diary.fmp12"]
    entries = list(bundle.folder_entries(bundle.container_zips(source)))
    assert [(entry.path, entry.size) for entry in entries] == [("RC/1/a.pdf", 4), ("x.txt", 1)]


def test_a_zip_of_exports_only_is_data_and_of_documents_only_is_not(in_alpha):
    source = bundle.open_job(actor=OWNER)
    add(source, zipped(("a.csv", b"Id,Name\n1,x\n"), ("b.csv", b"Id,Name\n1,y\n")), "exports.zip")
    add(source, zipped(("a.pdf", b"%PDF-"), ("list.csv", b"a,b\n1,2\n")), "scans.zip")

    assert [f.file_name for f in bundle.data_files(source)] == ["a.csv", "b.csv"]
    assert [f.file_name for f in bundle.container_zips(source)] == ["scans.zip"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (zipped(("../../x.fmp12", b"1")), "outside its folder"),
        (zipped(("inner.zip", zipped(("a", b"1")))), "another zip: “inner.zip”"),
        (zipped(("zeros.fmp12", bytes(40 * 1024**2))), "zeros.fmp12"),
        (b"PK\x03\x04" + bytes(9000), "damaged"),
    ],
)
def test_a_hostile_zip_is_refused_and_deleted(in_alpha, body, words):
    source = bundle.open_job(actor=OWNER)
    file = bundle.add_file(source, name="x.zip", size=len(body))
    take_in(file, io.BytesIO(body))

    with pytest.raises(RefusedFileError, match=words):
        bundle.settle_file(file)

    file.refresh_from_db()
    assert file.state == SourceFile.State.REFUSED
    assert words in file.problem
    assert not folder_of(file).exists()
    assert bundle.data_files(source) == []


def test_a_member_we_cannot_read_is_refused_by_name_and_the_others_stay(in_alpha, halves):
    source = bundle.open_job(actor=OWNER)

    add(
        source,
        zipped(("Diary.fmp12", halves[1].read_bytes()), ("Old.fmp12", b"no database" * 999)),
        "All.zip",
    )

    assert [f.file_name for f in bundle.data_files(source)] == ["Diary.fmp12"]
    assert "not a" in source.files.get(file_name="Old.fmp12").problem


def test_removing_a_zip_removes_what_came_in_it_and_its_bytes(
    in_alpha, halves, django_capture_on_commit_callbacks
):
    source = bundle.open_job(actor=OWNER)
    file = add(source, zipped(("Diary.fmp12", halves[1].read_bytes())), "All.zip")
    add(source, halves[0])
    folder = folder_of(file)

    with django_capture_on_commit_callbacks(execute=True):
        bundle.remove_file(file)

    assert [f.file_name for f in source.files.all()] == ["Patients.fmp12"]
    assert not folder.exists()


def test_a_file_added_after_reading_has_the_job_read_anew(alpha, halves):
    run = read(alpha, job_of(alpha, halves[0]))

    with tenant_scope(alpha):
        add(run.source, halves[1])
        run.refresh_from_db()
        assert run.state == "uploaded"
        assert run.source.records.count() == 0
    services.read_file(alpha, run.pk, live=False)

    with tenant_scope(alpha):
        run.refresh_from_db()
        tables = Structure.from_json(ImportSource.objects.get(pk=run.source_id).structure).tables
    assert {t.id // SPAN for t in tables} == {0, 1}


def test_after_loading_only_files_kept_outside_can_be_added(alpha, halves):
    import_file(alpha, halves[0])

    with tenant_scope(alpha):
        source = ImportSource.objects.get()
        with pytest.raises(RefusedFileError, match="loaded already"):
            add(source, halves[1])
        add(source, zipped(("RC/a.pdf", b"%PDF-1")), "scans.zip")
        assert ImportSource.objects.get().state == "staged"
        assert [f.slot for f in bundle.data_files(source)] == [0]


def test_a_file_that_is_referred_to_and_not_given_is_asked_for_by_name(alpha, samples):
    source = job_of(alpha, samples / "joshormond__ooe-fm__Ooe.fmp12")

    look_at_files(alpha, source.pk)

    with tenant_scope(alpha):
        asked = asked_files(bundle.data_files(source))
    assert [(file.name, file.uses) for file in asked] == [("Ooe2", 1), ("Ooe_dev", 0)]


def test_uploaded_files_of_a_job_cannot_be_read_on_the_disk(in_alpha, halves):
    source = bundle.open_job(actor=OWNER)
    file = add(source, halves[0])

    kept = b"".join(part.read_bytes() for part in folder_of(file).iterdir())

    assert b"HBAM7" not in kept
    assert halves[0].read_bytes()[8192:12288] not in kept
