"""From a running server to the clinic's records: the whole road, faults on it, and the second time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinical.patients.models import Patient
from onboarding.filemaker.live import transport
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports import runs, services, staging
from onboarding.imports.connection import access
from onboarding.imports.connection import services as connections
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.models import ImportLink, ImportRun, ImportSource, StagedRecord
from onboarding.imports.opening import open_import_source
from onboarding.imports.runs import ImportRefusedError
from tenants.scope import tenant_scope
from tests.onboarding.imports.connection.conftest import IDA, again

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Let waits between attempts take no time."""
    monkeypatch.setattr(transport.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(transport, "Clock", lambda: _CLOCK)


_CLOCK = transport.Clock(sleep=lambda _seconds: None)


def _begin(clinic, connection):
    with tenant_scope(clinic, actor=IDA):
        return connections.begin_reading(connection, actor=IDA)


def _read(clinic, connection):
    run = _begin(clinic, connection)
    services.read_file(clinic, run.pk, actor=IDA, live=False)
    return run


def _load(clinic, run):
    with tenant_scope(clinic, actor=IDA):
        found = ImportRun.objects.select_related("source", "mapping").get(pk=run.pk)
        services.save_mapping(found, services.proposed_spec(found), actor=IDA)
    services.check_run(clinic, run.pk, actor=IDA, live=False)
    return services.load_run(clinic, run.pk, actor=IDA, live=False)


def _source(clinic, run):
    with tenant_scope(clinic):
        return ImportSource.objects.get(runs=run.pk)


def _table(source, name):
    table = next(t for t in source.structure["tables"] if t["table"]["name"] == name)
    return next(p for p in source.profile["tables"] if p["id"] == table["table"]["id"])


# ── the road ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
def test_a_clinic_is_read_from_its_server_and_loaded_with_every_record_accounted_for(
    alpha, connect, double, kind
):
    connection = connect(alpha, kind=kind)

    run = _read(alpha, connection)
    report = _load(alpha, run)

    source = _source(alpha, run)
    patients = double.databases["Clinic"].table("Patients").records
    assert _table(source, "Patients")["source"] == len(patients)
    assert _table(source, "Patients")["records"] == len(patients)
    assert report["holds"] is True
    with tenant_scope(alpha):
        assert Patient.objects.count() > 40
        assert StagedRecord.objects.filter(source=source).exists()
    assert double.sessions == {}
    assert again(alpha, connection).sealed_session == ""
    assert again(alpha, connection).last_sync_at is not None


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
def test_the_second_reading_updates_what_changed_and_nothing_else(alpha, connect, double, kind):
    connection = connect(alpha, kind=kind)
    _load(alpha, _read(alpha, connection))
    with tenant_scope(alpha):
        before = Patient.objects.count()
    table = double.databases["Clinic"].table("Patients")
    named = table.field_named("Name Last").id
    changed = [record for record in table.records if record.values.get((named, 1))][:3]
    for record in changed:
        record.values = {**record.values, (named, 1): "Changed"}
        record.modification_count += 1

    report = _load(alpha, _read(alpha, connection))

    assert report["totals"]["created"] == 0
    assert report["totals"]["updated"] == 3
    with tenant_scope(alpha):
        assert Patient.objects.count() == before
        assert Patient.objects.filter(family_name="Changed").count() == 3


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
def test_a_clinic_that_uploaded_its_file_before_is_not_imported_twice(
    alpha, connect, clinic_path, kind
):
    services.import_file(alpha, clinic_path, actor=IDA)
    with tenant_scope(alpha):
        before = Patient.objects.count()
        tables = set(ImportLink.objects.values_list("table_id", flat=True))
    connection = connect(alpha, kind=kind)

    report = _load(alpha, _read(alpha, connection))

    assert report["totals"]["created"] == 0
    with tenant_scope(alpha):
        assert Patient.objects.count() == before
        assert set(ImportLink.objects.values_list("table_id", flat=True)) == tables


def test_a_file_of_a_record_is_fetched_by_its_cell(alpha, connect, double, seeded):
    run = _read(alpha, connect(alpha))
    source = _source(alpha, run)
    table = next(t for t in seeded.tables if t.files)
    held = next(t for t in source.structure["tables"] if t["table"]["name"] == table.name)
    field = next(f for f in held["fields"] if f["type"] == "container")
    with tenant_scope(alpha):
        staged = StagedRecord.objects.filter(
            source=source, table_id=held["table"]["id"], payload__has_key=str(field["id"])
        ).first()
    reference = ContainerRef.from_cell(staged.payload[str(field["id"])])

    with open_import_source(source, tenant=alpha, actor=IDA) as opened:
        found = opened.container(held["table"]["id"], reference.object_id)
        content = found.read()

    assert content in [held_bytes for held_bytes, _ in table.files.values()]
    assert double.sessions == {}


def test_only_the_chosen_layouts_are_read(alpha, connect):
    connection = connect(alpha)
    with tenant_scope(alpha):
        connections.choose_shown(connection, ["Patients"])

    source = _source(alpha, _read(alpha, again(alpha, connection)))

    assert [table["table"]["name"] for table in source.structure["tables"]] == ["Patients"]


# ── while people work ────────────────────────────────────────────────────────────────────────────


def _when_reading(double, layout_name, change, *, nth):
    """Do `change` at the nth request that does not begin with a table's first record."""
    asked = []

    def on_page(layout, offset):
        if getattr(layout, "name", layout) == layout_name and offset > 1:
            asked.append(offset)
            if len(asked) == nth:
                change(double.databases["Clinic"].table(layout_name).records)

    double.on_page = on_page


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda records: records.pop(3), "records-deleted-meanwhile"),
        (lambda records: records.append(_copy_of(records[-1])), "records-added-meanwhile"),
    ],
    ids=["deleted", "added"],
)
def test_a_record_that_comes_or_goes_while_reading_is_counted_and_explained(  # noqa: PLR0917 - fixtures
    alpha, connect, double, kind, change, code
):
    connection = connect(alpha, kind=kind)
    name = max(double.databases["Clinic"].tables, key=lambda table: len(table.records)).name
    before = len(double.databases["Clinic"].table(name).records)
    assert before > 150
    # OData is asked for a table's last records first, to tell repeated views of it.
    _when_reading(double, name, change, nth=1 if kind == "dataapi" else 2)

    run = _read(alpha, connection)
    report = _load(alpha, run)

    source = _source(alpha, run)
    profile = _table(source, name)
    assert code in [warning["code"] for warning in source.warnings]
    assert profile["source"] == profile["records"] == before + (code == "records-added-meanwhile")
    assert report["holds"] is True


def _copy_of(record):
    return type(record)(record.id + 1000, 1, dict(record.values))


# ── faults ───────────────────────────────────────────────────────────────────────────────────────

RECORDS = "/Patients/records|/Patients\\?"
PAGES_AFTER = {"dataapi": 1, "odata": 2}
"""How many requests look at a table before its first page is asked for."""


@pytest.fixture
def two_tables(double):
    """Leave patients and appointments on the server only: faults need no more."""
    database = double.databases["Clinic"]
    wanted = ("Patients", "Appointments")
    database.layouts = [layout for layout in database.layouts if layout.name in wanted]
    database.tables = [table for table in database.tables if table.name in wanted]


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
@pytest.mark.parametrize(
    "fault",
    [
        lambda double: double.spoil("cut", times=2, path=RECORDS, after=1),
        lambda double: double.spoil("truncate", times=2, path=RECORDS, after=1),
        lambda double: double.spoil("status", 503, times=3, path=RECORDS, after=1),
        lambda double: double.spoil("status", 500, times=1, path=RECORDS),
        lambda double: double.fail(812, times=2, path=RECORDS, after=1),
    ],
    ids=["connection cut", "answer cut", "503", "500", "server full"],
)
@pytest.mark.usefixtures("two_tables")
def test_a_fault_that_passes_does_not_show(alpha, connect, double, kind, fault):
    connection = connect(alpha, kind=kind)
    fault(double)

    run = _read(alpha, connection)

    assert _table(_source(alpha, run), "Patients")["lost"] == 0
    assert double.sessions == {}


@pytest.mark.usefixtures("two_tables")
def test_a_session_that_is_lost_is_begun_again_once(alpha, connect, double):
    connection = connect(alpha)
    double.fail(952, times=1, path="/Patients/records", after=1)

    run = _read(alpha, connection)

    assert _table(_source(alpha, run), "Patients")["lost"] == 0


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda d, **at: d.spoil("cut", times=99, **at), "the connection keeps breaking"),
        (lambda d, **at: d.spoil("truncate", times=99, **at), "answer broke off"),
        (lambda d, **at: d.spoil("status", 500, times=99, **at), "internal error"),
        (lambda d, **at: d.fail(812, times=99, **at), "no room for another connection"),
        (lambda d, **at: d.fail(953, times=99, **at), "yearly allowance"),
        (lambda d, **at: d.fail(212, times=99, **at), "does not accept this account"),
    ],
    ids=["cut", "truncated", "5xx", "full", "quota", "password changed"],
)
@pytest.mark.usefixtures("two_tables")
def test_a_fault_that_stays_ends_in_words_and_a_retry_completes(  # noqa: PLR0917 - fixtures
    alpha, connect, double, kind, fault, words
):
    connection = connect(alpha, kind=kind)
    run = _begin(alpha, connection)
    fault(double, path=RECORDS, after=PAGES_AFTER[kind])

    with pytest.raises(Exception, match=words):
        services.read_file(alpha, run.pk, actor=IDA, live=False)

    with tenant_scope(alpha):
        stopped = ImportRun.objects.get(pk=run.pk)
    assert (stopped.state, stopped.failed_in) == ("failed", "reading")
    assert words in stopped.error
    kept = again(alpha, connection)
    assert (kept.is_connected, words in kept.last_error) == (False, True)
    assert kept.last_error_remedy
    assert double.sessions == {}

    double.faults.clear()
    services.read_file(alpha, run.pk, actor=IDA, live=False)
    report = _load(alpha, run)
    assert report["holds"] is True
    assert again(alpha, connection).is_connected


@pytest.mark.usefixtures("two_tables")
def test_a_wrong_certificate_ends_in_words(alpha, connect, details):
    connection = connect(alpha)
    run = _begin(alpha, connection)
    with tenant_scope(alpha):
        FileMakerConnection.objects.update(authority_pem="")

    with pytest.raises(Exception, match="certificate is not one we can trust"):
        services.read_file(alpha, run.pk, actor=IDA, live=False)

    with tenant_scope(alpha):
        FileMakerConnection.objects.update(authority_pem=details().authority_pem)
    services.read_file(alpha, run.pk, actor=IDA, live=False)


@pytest.mark.usefixtures("two_tables")
def test_a_reading_that_broke_off_goes_on_where_it_was(alpha, connect, double, monkeypatch):
    monkeypatch.setattr(staging, "BATCH_ROWS", 50)
    connection = connect(alpha)
    name = max(double.databases["Clinic"].tables, key=lambda table: len(table.records)).name
    run = _begin(alpha, connection)
    double.spoil("cut", times=99, path=f"/{name.replace(' ', '%20')}/records.*_offset")
    with pytest.raises(Exception, match="breaking"):
        services.read_file(alpha, run.pk, actor=IDA, live=False)
    with tenant_scope(alpha):
        staged = StagedRecord.objects.count()
    assert staged > 50
    double.faults.clear()
    double.requests.clear()

    services.read_file(alpha, run.pk, actor=IDA, live=False)

    source = _source(alpha, run)
    profile = _table(source, name)
    assert profile["records"] == profile["source"]
    with tenant_scope(alpha):
        rows = StagedRecord.objects.filter(source=source, table_id=profile["id"])
        assert rows.count() == profile["records"]
    pages = [path for _, path, _ in double.requests if "/Patients/records" in path]
    assert all("_limit=1&" in page or "_offset" in page for page in pages)
    filled = {field["id"]: field["filled"] for field in profile["fields"]}
    assert max(filled.values()) == profile["records"] - profile["blank"]


@pytest.mark.usefixtures("two_tables")
def test_what_was_staged_long_ago_is_read_anew(alpha, connect, double, monkeypatch):
    connection = connect(alpha)
    run = _begin(alpha, connection)
    double.spoil("cut", times=99, path="/Appointments/records", after=1)
    with pytest.raises(Exception, match="breaking"):
        services.read_file(alpha, run.pk, actor=IDA, live=False)
    double.faults.clear()
    monkeypatch.setattr(staging, "RESUMABLE", timedelta(0))
    table = double.databases["Clinic"].table("Patients")
    named = table.field_named("Name Last").id
    for record in table.records:
        record.values = {**record.values, (named, 1): "Fresh"}

    services.read_file(alpha, run.pk, actor=IDA, live=False)

    source = _source(alpha, run)
    with tenant_scope(alpha):
        rows = StagedRecord.objects.filter(source=source, table_id=_table(source, "Patients")["id"])
        held = next(t for t in source.structure["tables"] if t["table"]["name"] == "Patients")
        last_name = next(str(f["id"]) for f in held["fields"] if f["name"] == "Name Last")
        assert {row.payload.get(last_name) for row in rows} == {"Fresh"}


@pytest.mark.usefixtures("two_tables")
def test_a_session_left_by_a_crash_is_ended_by_the_next_reading(alpha, connect, double):
    connection = connect(alpha)
    double.sessions["left-by-a-crash"] = 0.0
    with tenant_scope(alpha):
        access.keep_session(connection.pk, "left-by-a-crash")
    assert "left-by-a-crash" not in again(alpha, connection).sealed_session

    _read(alpha, connection)

    assert double.sessions == {}
    assert again(alpha, connection).sealed_session == ""


@pytest.mark.usefixtures("two_tables")
def test_the_session_ends_when_a_person_stops_the_import(alpha, connect, double, monkeypatch):
    connection = connect(alpha)
    run = _begin(alpha, connection)
    tokens = []

    def stop(_stager, _table):
        tokens.append(again(alpha, connection).sealed_session)
        raise runs.StoppedError

    monkeypatch.setattr(staging._Stager, "stage", stop)

    with pytest.raises(runs.StoppedError):
        services.read_file(alpha, run.pk, actor=IDA, live=False)

    assert tokens[0]
    assert double.sessions == {}
    assert again(alpha, connection).sealed_session == ""


@pytest.mark.usefixtures("two_tables")
def test_a_source_whose_connection_was_ended_says_so(alpha, connect):
    connection = connect(alpha)
    run = _read(alpha, connection)
    with tenant_scope(alpha):
        connections.disconnect(again(alpha, connection))

    with (
        pytest.raises(access.NotConnectedError),
        open_import_source(_source(alpha, run), tenant=alpha, actor=IDA),
    ):
        pass


def test_reading_while_another_import_is_at_work_is_refused_with_a_word(alpha, connect):
    connection = connect(alpha)
    _begin(alpha, connection)

    with tenant_scope(alpha, actor=IDA), pytest.raises(ImportRefusedError, match="at work"):
        connections.begin_reading(connection, actor=IDA)
