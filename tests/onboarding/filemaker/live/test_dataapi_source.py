import hashlib
from dataclasses import replace

import pytest

from onboarding.filemaker.live import errors
from onboarding.filemaker.live.dataapi_source import plain_moment
from onboarding.filemaker.live.source import UnknownTableError
from onboarding.filemaker.sources import ContainerRef, Field, Source
from tests.onboarding.filemaker.live.double.database import Layout, Portal, Record


def table_named(source, name):
    return next(table for table in source.tables() if table.name == name)


def field_named(source, table, name):
    return next(field for field in source.fields(table.id) if field.name == name)


def codes(source):
    return sorted({warning.code for warning in source.warnings})


def test_it_is_a_source(live):
    with live() as source:
        found: Source = source
        assert found.relationships() == ()
        assert found.external_sources() == ()


def test_one_session_serves_the_whole_job(live, double):
    with live() as source:
        for table in source.tables():
            list(source.records(table.id))
            list(source.containers(table.id))

    assert double.opened == 1


def test_a_reading_that_is_given_up_leaves_no_session(live):
    with live() as source:
        table = table_named(source, "Appointments")
        for _ in source.records(table.id):
            break


def test_the_server_dies_half_way_and_the_next_run_is_whole(live, double, native):
    with live() as source:
        table = table_named(source, "Appointments")
        double.spoil("cut", times=99, after=1, path="/records")
        read = []
        with pytest.raises(errors.ServerSilentError):
            read.extend(record.id for record in source.records(table.id))
    double.faults.clear()

    with live() as source:
        again = [record.id for record in source.records(table.id)]

    known = table_named(native, "Appointments")
    assert again == [record.id for record in native.records(known.id)]
    assert len(read) < len(again)


def test_records_changing_between_pages_are_neither_missed_nor_doubled(live, double):
    records = double.databases["Clinic"].table("Appointments").records
    stay = {record.id for record in records[3:]}

    with live() as source:
        table = table_named(source, "Appointments")

        def delete_one(_layout, offset):
            if offset > 1 and len(records) > len(stay):
                del records[0]

        double.on_page = delete_one
        found = [record.id for record in source.records(table.id)]

    assert stay <= set(found)
    assert len(found) == len(set(found))
    assert codes(source) == ["records-deleted-meanwhile"]


def test_a_server_that_counts_more_than_it_sends_is_told(live, double, monkeypatch):
    with live() as source:
        table = table_named(source, "Clinics")
        whole = source._client.records

        def hiding(layout, **more):
            page = whole(layout, **more)
            return replace(page, rows=page.rows[1:])

        monkeypatch.setattr(source._client, "records", hiding)
        count = len(list(source.records(table.id)))

    assert count == table.record_count - 1
    assert codes(source) == ["records-missing"]


def test_an_empty_table_is_a_table_with_no_records(live, double):
    for answer in ((101, 500), (401, 500), (401, 200), (101, 404)):
        double.empty_answer = answer
        double.databases["Clinic"].table("Clinics").records.clear()
        with live() as source:
            table = table_named(source, "Clinics")
            assert table.record_count == 0
            assert list(source.records(table.id)) == []
            assert source.global_values(table.id) == {}


def test_the_fullest_layout_of_a_table_is_read_and_the_rest_told(live, double):
    database = double.databases["Clinic"]
    patients = database.table("Patients")
    whole = database.layout("Patients")
    whole.fields = patients.fields[:-1]
    database.layouts.insert(0, Layout("Patient list", patients, patients.fields[-2:]))

    with live() as source:
        table = table_named(source, "Patients")
        assert len(source.fields(table.id)) == len(patients.fields) - 1
        assert len([t for t in source.tables() if t.name == "Patients"]) == 1

    (warning,) = source.warnings
    assert (warning.code, warning.facts["fields"]) == (
        "fields-on-other-layouts",
        [patients.fields[-1].name],
    )


def test_the_clinic_can_choose_the_layouts(live):
    with live(shown=("Clinics", "Notes")) as source:
        assert sorted(table.name for table in source.tables()) == ["Clinics", "Notes"]


def test_a_chosen_layout_that_is_gone_is_told(live):
    with live(shown=("Gone",)) as source, pytest.raises(errors.SchemaChangedError):
        source.tables()


def test_layouts_the_account_may_not_see_are_told_and_left_out(live, double):
    double.hidden_layouts = {"Notes"}

    with live() as source:
        assert "Notes" not in {table.name for table in source.tables()}

    assert codes(source) == ["layouts-refused"]


def test_fields_of_other_tables_are_not_taken_for_the_tables_own(live, double):
    database = double.databases["Clinic"]
    database.layout("Notes").related.append((database.table("Patients"), "Name First"))

    with live() as source:
        table = table_named(source, "Notes")
        assert "Patients::Name First" not in {f.name for f in source.fields(table.id)}
        assert list(source.records(table.id))

    assert codes(source) == ["related-fields"]


def with_a_portal(double, *, keep_layout):
    database = double.databases["Clinic"]
    portal = Portal("notes portal", database.table("Notes"), "ID_Patient", "Patient ID")
    database.layout("Patients").portals.append(portal)
    if not keep_layout:
        database.layouts.remove(database.layout("Notes"))
    return database, portal


def test_a_portal_is_left_alone_where_its_records_have_a_layout(live, double):
    with_a_portal(double, keep_layout=True)

    with live() as source:
        assert len(source.tables()) == 14
        list(source.records(table_named(source, "Patients").id))

    assert all("portal=%5B%5D" in target for _, target, _ in double.calls("Patients/records"))


def test_records_only_a_portal_shows_are_read_through_it_all_of_them(live, double):
    database, portal = with_a_portal(double, keep_layout=False)
    patients = database.table("Patients")
    patient = patients.field_named("ID_Patient").id
    owner = next(r for r in patients.records if (patient, 1) in r.values)
    notes = database.table("Notes")
    link = notes.field_named("Patient ID").id
    for number in range(120):  # more than two portal pages of one patient
        cells = {(link, 1): owner.values[patient, 1]}
        notes.records.append(Record(90_000 + number, 0, cells))
    expected = {row.id for parent in patients.records for row in portal.rows(patients, parent)}

    with live() as source:
        table = table_named(source, "Notes")
        records = list(source.records(table.id))
        parent = source.fields(table.id)
        parent = next(f for f in parent if f.name.startswith("Record id"))

    assert {record.id for record in records} == expected
    assert len(records) == table.record_count == len(expected)
    assert {r.values[parent.id, 1] for r in records if r.id >= 90_000} == {str(owner.id)}
    assert "read-by-portal" in codes(source)


def test_a_field_with_brackets_in_its_name_is_no_repetition(live, double):
    database = double.databases["Clinic"]
    clinics = database.table("Clinics")
    odd = Field(900, "Phone(2)", "normal", "text", 1, False, "", False)
    clinics.fields.append(odd)
    database.layout("Clinics").fields.append(odd)
    clinics.records[0].values[900, 1] = "odd"

    with live() as source:
        table = table_named(source, "Clinics")
        found = field_named(source, table, "Phone(2)")
        assert next(iter(source.records(table.id))).values[found.id, 1] == "odd"


def test_numbers_come_as_written_and_long_ones_are_warned_of(live, double):
    clinics = double.databases["Clinic"].table("Clinics")
    postcode = clinics.field_named("Postcode")
    for record, text in zip(
        clinics.records, ("0.1", "12345678901234567890", "12 kg"), strict=False
    ):
        record.values[postcode.id, 1] = text

    with live() as source:
        table = table_named(source, "Clinics")
        found = field_named(source, table, "Postcode")
        texts = [r.values[found.id, 1] for r in source.records(table.id)][:3]

    assert texts == ["0.1", "12345678901234567000", "12 kg"][: len(texts)]
    assert codes(source) == ["numbers-rounded"]


def test_a_container_whose_address_ran_out_is_asked_for_anew(live, double, native):
    with live() as source:
        table = table_named(source, "Images")
        photo = field_named(source, table, "Photo")
        records = list(source.records(table.id))
        double.expire_urls()
        ref = ContainerRef.from_cell(records[0].values[photo.id, 1])
        found = source.container(table.id, ref.object_id)

    known = table_named(native, "Images")
    first = next(iter(native.containers(known.id)))
    assert hashlib.sha256(found.read()).digest() == hashlib.sha256(first.read()).digest()
    assert (found.main, found.kind, found.size) == ("PNGf", "image", first.size)


def test_addresses_that_run_out_while_downloading_are_renewed(live, double):
    with live() as source:
        table = table_named(source, "Images")
        count = 0
        for found in source.containers(table.id):
            double.expire_urls()
            count += bool(found.read())

    assert count == table.record_count
    assert codes(source) == []


def test_a_file_missing_on_the_server_is_told_and_the_rest_comes(live, double):
    with live() as source:
        table = table_named(source, "Images")
        double.spoil("status", 404, path="Streaming", times=2)
        found = list(source.containers(table.id))

    assert len(found) == table.record_count - 1
    assert codes(source) == ["container-missing"]


def test_a_container_somewhere_else_is_kept_as_text_and_not_fetched(live, double):
    images = double.databases["Clinic"].table("Images")
    photo = images.field_named("Photo").id
    images.records[0].values[photo, 1] = "https://elsewhere.example/x.png"

    with live() as source:
        table = table_named(source, "Images")
        first = next(iter(source.records(table.id)))
        found = field_named(source, table, "Photo")

    assert ContainerRef.from_cell(first.values[found.id, 1]).paths == (
        "https://elsewhere.example/x.png",
    )


def test_an_object_nobody_has_is_none(live):
    with live() as source:
        table = table_named(source, "Images")
        assert source.container(table.id, 4_000_000) is None
        assert source.container(table_named(source, "Clinics").id, 7) is None


def test_a_table_nobody_has_is_an_error(live):
    with live() as source, pytest.raises(UnknownTableError):
        source.fields(5)


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        ("2026-11-20T09:15:00Z", "2026-11-20 09:15:00"),
        ("2026-11-20T09:15:00+10:00", "2026-11-20 09:15:00"),
        ("2026-11-20T09:15:00.250-0330", "2026-11-20 09:15:00.25"),
        ("2026-11-20 09:15:00", "2026-11-20 09:15:00"),
        ("09:15:00", "09:15:00"),
        ("?", "?"),
        ("2026-11-20", "2026-11-20"),
    ],
)
def test_a_moment_keeps_the_clocks_face_and_no_zone(sent, plain):
    assert plain_moment(sent) == plain
