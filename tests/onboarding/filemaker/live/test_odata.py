import pytest

from onboarding.filemaker.live import errors
from onboarding.filemaker.live.odata import quoted
from onboarding.filemaker.live.odata_metadata import parse_metadata
from onboarding.filemaker.live.odata_source import literal
from onboarding.filemaker.live.transport import Limits
from onboarding.filemaker.sources import Field
from tests.onboarding.filemaker.live.test_dataapi import NAMED
from tests.onboarding.filemaker.live.test_dataapi_source import codes, field_named, table_named


def fault(double, number, status):
    body = b'{"error": {"code": "%d", "message": "words"}}' % number
    double.spoil("body", body, times=99, path="Patients")
    double.faults[-1].action = "raw"
    double.faults[-1].value = (status, body)


@pytest.mark.parametrize(("number", "code"), NAMED.items())
def test_every_number_is_told_in_words(double, odata, number, code):
    fault(double, number, 500)

    with odata() as client, pytest.raises(errors.LiveSourceError) as caught:
        client.rows("Patients", select=["ROWID"])

    assert (caught.value.code, caught.value.number) == (code, number)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "request-refused"),
        (401, "bad-credentials"),
        (403, "no-right"),
        (404, "schema-changed"),
    ],
)
def test_an_error_in_odatas_own_numbers_is_told_by_its_status(double, odata, status, code):
    fault(double, -1002, status)

    with odata() as client, pytest.raises(errors.LiveSourceError) as caught:
        client.rows("Patients", select=["ROWID"])

    assert caught.value.code == code
    assert "-1002" in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_without_words_is_tried_again(double, odata, patience, status):
    double.spoil("status", status, times=2, path="Patients")

    with odata() as client:
        assert client.rows("Patients", select=["ROWID"]).rows

    assert patience.waits == [0.5, 1.0]


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_a_broken_connection_is_tried_again(double, odata, harm):
    double.spoil(harm, times=2, path="Patients")

    with odata() as client:
        assert client.rows("Patients", select=["ROWID"]).rows


def test_a_wrong_password_is_tried_once(double, live):
    with live("odata", password="wrong") as source, pytest.raises(errors.BadCredentialsError):
        source.tables()

    assert double.wrong_passwords == 1


def test_no_session_is_ever_opened(double, live):
    with live("odata") as source:
        for table in source.tables():
            list(source.records(table.id))

    assert double.opened == 0


def test_next_links_are_followed(double, live, native):
    double.odata_page = 7

    with live("odata") as source:
        table = table_named(source, "Appointments")
        found = [record.id for record in source.records(table.id)]

    known = table_named(native, "Appointments")
    assert found == [record.id for record in native.records(known.id)]
    assert any("%24skip" in t or "$skip" in t for _, t, _ in double.calls("Appointments"))


@pytest.mark.parametrize("host", ["https://elsewhere.example", "http://localhost", "//10.0.0.1"])
def test_a_next_link_to_another_place_is_refused(double, odata, host):
    double.odata_page, double.next_link_host = 5, host

    with odata() as client, pytest.raises(errors.RedirectRefusedError):
        client.rows("Patients", select=["ROWID"])

    assert len(double.requests) == 1


def test_next_links_that_never_end_are_given_up(double, odata):
    body = b'{"value": [], "@odata.nextLink": "Patients?$skip=1"}'
    double.spoil("body", body, times=9999, path="Patients")

    with odata() as client:
        assert client.rows("Patients", select=["ROWID"]).rows == ()

    assert len(double.requests) == 1


def test_a_wide_table_is_asked_for_in_parts_and_joined(double, live):
    clinics = double.databases["Clinic"].table("Clinics")
    for number in range(200, 320):
        name = f"A field with a rather long name, number {number}"
        clinics.fields.append(Field(number, name, "normal", "text", 1, False, "", False))
        clinics.records[0].values[number, 1] = f"value {number}"

    with live("odata") as source:
        table = table_named(source, "Clinics")
        first = next(iter(source.records(table.id)))

    assert {first.values[number, 1] for number in range(200, 320)} == {
        f"value {number}" for number in range(200, 320)
    }
    assert max(len(target) for _, target, _ in double.requests) < 2_000


def test_two_occurrences_of_a_table_are_read_once(double, live):
    database = double.databases["Clinic"]
    database.table("Clinics").occurrences.append((1_065_300, "apt_Clinics"))

    with live("odata") as source:
        assert "apt_Clinics" not in {table.name for table in source.tables()}

    assert codes(source) == ["occurrence-repeated"]


def test_a_copy_of_a_table_with_other_records_is_a_table(double, live):
    database = double.databases["Clinic"]
    clinics = database.table("Clinics")
    copy = type(clinics)(500, "Clinics 2019", clinics.fields, clinics.records[:1], {})
    copy.occurrences = [(1_065_301, "Clinics 2019")]
    database.tables.append(copy)

    with live("odata") as source:
        assert table_named(source, "Clinics 2019").record_count == 1


def test_the_clinic_can_choose_the_tables(live):
    with live("odata", shown=("Clinics",)) as source:
        assert [table.name for table in source.tables()] == ["Clinics"]


def test_a_server_that_cannot_be_asked_which_records_have_files_gives_them_all_the_same(
    double, live
):
    double.filters_containers = False

    with live("odata") as source:
        table = table_named(source, "Images")
        assert len(list(source.containers(table.id))) == table.record_count

    assert codes(source) == ["containers-unknown"]


def test_an_older_server_is_asked_for_files_by_the_tables_own_key(double, live):
    double.keys_by_row_id = False

    with live("odata") as source:
        table = table_named(source, "Images")
        assert len(list(source.containers(table.id))) == table.record_count

    assert codes(source) == []


def test_file_names_come_from_the_answers_header(live):
    with live("odata") as source:
        table = table_named(source, "Images")
        assert next(iter(source.containers(table.id))).file_name == "IMG_00001.png"


def test_globals_are_not_in_the_records(live):
    with live("odata") as source:
        table = table_named(source, "zz_Globals")
        sender = field_named(source, table, "g_SMS_Sender")
        assert all((sender.id, 1) not in r.values for r in source.records(table.id))
        assert source.global_values(table.id)[sender.id, 1]


def test_an_answer_beyond_the_limit_makes_pages_smaller(double, live):
    with live("odata", limits=Limits(answer_bytes=40_000)) as source:
        table = table_named(source, "Notes")
        assert len(list(source.records(table.id))) == table.record_count


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Suburb", "Suburb"),
        ("Name First", '"Name First"'),
        ("ID_Patient", '"ID_Patient"'),
        ("id", '"id"'),
        ("Größe", '"Größe"'),
        ('a"b', '"a""b"'),
    ],
)
def test_names_with_more_than_letters_are_quoted(name, written):
    assert quoted(name) == written


def test_keys_are_written_as_their_type_asks():
    assert literal("12", "Edm.Decimal") == "12"
    assert literal("12) or (1 eq 1", "Edm.Decimal") == "'12%29%20or%20%281%20eq%201'"
    assert literal("O'Brien/1", "Edm.String") == "'O''Brien%2F1'"


def test_metadata_with_entities_is_refused():
    document = b'<!DOCTYPE x [<!ENTITY a "b">]><edmx:Edmx xmlns:edmx="x">&a;</edmx:Edmx>'

    with pytest.raises(errors.BrokenAnswerError):
        parse_metadata(document)


@pytest.mark.parametrize("document", [b"", b"<a/>", b"{}", b"<Edmx>", b"\xff\xfe\x00"])
def test_what_is_no_metadata_is_told(document):
    with pytest.raises(errors.BrokenAnswerError):
        parse_metadata(document)


def test_a_recorded_metadata_document_is_understood(shared):
    metadata = parse_metadata((shared / "api" / "fmodata_metadata_fms22.xml").read_bytes())

    assert metadata.server == "OData Engine 22.0.2"
    assert len(metadata.occurrences) == 13
    addresses = next(o for o in metadata.occurrences if o.name == "Addresses")
    assert (addresses.id, addresses.keys) == (1_065_109, ["_PK_address_ID"])
    assert [(p.id, p.name, p.type) for p in addresses.properties[:3]] == [
        (1, "ADDRESS code", "Edm.Decimal"),
        (2, "builder code", "Edm.Decimal"),
        (3, "ADDRESS name", "Edm.String"),
    ]
    assert sum(len(o.properties) for o in metadata.occurrences) == 3_724
    assert sum(p.says("Calculation") for o in metadata.occurrences for p in o.properties) == 1_410
    assert sum(p.says("Summary") for o in metadata.occurrences for p in o.properties) == 223
    assert sum(p.says("Global") for o in metadata.occurrences for p in o.properties) == 286
    assert all(p.id for o in metadata.occurrences for p in o.properties)
