"""The double is honest: its answers have the shapes of recorded ones, and other clients read it."""

import json

import pytest

from onboarding.filemaker.live.odata_metadata import parse_metadata
from tests.onboarding.filemaker.live.double.database import Portal

AUTH = ("import", "pässword: 1")


def shape(value):
    """Names and kinds without the values; a list has the shape of all its entries together."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [merged([shape(entry) for entry in value])] if value else []
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else "text"


def merged(shapes):
    if not all(isinstance(entry, dict) for entry in shapes):
        return shapes[0]
    together = {}
    for entry in shapes:
        together.update(entry)
    return together


def recorded(shared, name):
    return json.loads((shared / "api" / f"fmdata_{name}.json").read_text("utf-8-sig"))


@pytest.fixture
def ask(double, authority_pem, tmp_path):
    """Ask the double by plain `requests`, a client that knows nothing of ours."""
    requests = pytest.importorskip("requests")
    pem = tmp_path / "ca.pem"
    pem.write_text(authority_pem)
    with requests.Session() as session:
        session.trust_env = False  # else the machine's own authorities take the place of ours
        session.verify = str(pem)
        base = f"{double.origin}/fmi/data/v2"
        basic = (double.account.encode(), double.password.encode())
        answer = session.post(f"{base}/databases/Clinic/sessions", auth=basic, json={})
        token = answer.json()["response"]["token"]
        assert answer.headers["X-FM-Data-Access-Token"] == token
        session.headers["Authorization"] = f"Bearer {token}"
        yield lambda path, **more: session.get(f"{base}{path}", **more).json()
        session.delete(f"{base}/databases/Clinic/sessions/{token}")


def test_the_product_info_has_the_recorded_shape(shared, ask):
    assert shape(ask("/productInfo")) == shape(recorded(shared, "ProductInfo"))


def test_the_list_of_databases_has_the_recorded_shape(shared, ask, double):
    found = ask("/databases", auth=(double.account.encode(), double.password.encode()))

    assert shape(found) == shape(recorded(shared, "Databases"))


def test_the_list_of_layouts_has_the_recorded_shape(shared, ask):
    found = ask("/databases/Clinic/layouts")

    assert shape(found) == shape(recorded(shared, "LayoutList"))


def test_a_layouts_metadata_has_the_recorded_shape(shared, ask):
    found = shape(ask("/databases/Clinic/layouts/Clinics"))
    known = shape(recorded(shared, "SpecificLayout"))
    known["response"]["fieldMetaData"][0].pop("valueList")  # a field's own, where it has one

    assert found == known


def test_records_have_the_recorded_shape(shared, ask, double):
    database = double.databases["Clinic"]
    portal = Portal("action", database.table("Notes"), "ID_Patient", "Patient ID")
    database.layout("Patients").portals.append(portal)

    found = shape(ask("/databases/Clinic/layouts/Patients/records?_limit=20"))
    known = shape(recorded(shared, "fms-find-with-datainfo"))

    assert found["messages"] == known["messages"]
    assert found["response"]["dataInfo"] == known["response"]["dataInfo"]
    (row,), (like,) = found["response"]["data"], known["response"]["data"]
    assert row.keys() == like.keys()
    assert (row["recordId"], row["modId"]) == (like["recordId"], like["modId"])
    (child,), (like_child,) = row["portalData"]["action"], like["portalData"]["action"]
    assert {k for k in child if "::" not in k} == {k for k in like_child if "::" not in k}
    assert all(name.startswith("Notes::") for name in child.keys() - {"recordId", "modId"})


def test_the_odata_metadata_says_what_a_recorded_one_says(shared, double):
    requests = pytest.importorskip("requests")
    ours = double._odata._metadata(double.databases["Clinic"]).encode()
    theirs = (shared / "api" / "fmodata_metadata_fms22.xml").read_bytes()

    for document in (ours, theirs):
        for occurrence in parse_metadata(document).occurrences:
            assert occurrence.annotations.keys() >= {"TableID", "BestRowID", "RowVersion"}
            assert {p.type for p in occurrence.properties} <= {
                *("Edm.String", "Edm.Decimal", "Edm.Date", "Edm.TimeOfDay"),
                *("Edm.DateTimeOffset", "Edm.Binary"),
            }
    assert requests


# --- python-fmrest, which is nobody's code of ours ------------------------------------------------


@pytest.fixture
def fmrest_server(double, authority_pem, tmp_path):
    fmrest = pytest.importorskip("fmrest", reason="python-fmrest is not installed")
    pem = tmp_path / "ca.pem"
    pem.write_text(authority_pem)
    double.account, double.password = "import", "plain password"
    server = fmrest.Server(
        double.origin,
        user=double.account,
        password=double.password,
        database="Clinic",
        layout="Patients",
        api_version="vLatest",
        verify_ssl=str(pem),
        auto_relogin=True,
    )
    server.login()
    yield server
    server.logout()


def test_fmrest_reads_all_records_in_pages(fmrest_server, seeded):
    found, offset = [], 1
    known = [record.id for record in seeded.table("Patients").records]
    while len(found) < len(known):
        page = list(fmrest_server.get_records(offset=offset, limit=20))
        found += [int(record.record_id) for record in page]
        offset += 20

    assert found == known


def test_fmrest_reads_the_cells_our_source_reads(fmrest_server, live):
    record = fmrest_server.get_record(1)
    with live(shown=("Patients",)) as source:
        (table,) = source.tables()
        names = {field.id: field.name for field in source.fields(table.id)}
        ours = next(iter(source.records(table.id)))

    theirs = {name: str(text) for name, text in zip(record.keys(), record.values(), strict=True)}
    for (field_id, repetition), text in ours.values.items():
        name = names[field_id] if repetition == 1 else f"{names[field_id]}({repetition})"
        if "-" in text or ":" in text:  # dates: US in its answer, ISO in ours
            continue
        assert theirs[name] == text


def test_fmrest_signs_in_again_when_the_session_ended(fmrest_server, double):
    double.expire_sessions()

    assert len(list(fmrest_server.get_records(limit=3))) == 3
    assert double.opened == 2


def test_fmrest_finds_records(fmrest_server, seeded):
    patients = seeded.table("Patients")
    name = patients.field_named("Name Last").id
    wanted = patients.records[3].values[name, 1]

    found = list(fmrest_server.find([{"Name Last": f"=={wanted}"}]))

    assert {record["Name Last"] for record in found} == {wanted}


def test_fmrest_is_told_101_and_401(fmrest_server):
    fmrest = pytest.importorskip("fmrest")

    for call, number in (
        (lambda: fmrest_server.get_record(999_999), 101),
        (lambda: list(fmrest_server.find([{"Name Last": "==nobody"}])), 401),
    ):
        with pytest.raises(fmrest.exceptions.FileMakerError):
            call()
        assert fmrest_server.last_error == number


def test_fmrest_downloads_a_container_where_no_token_is_asked(fmrest_server, double, seeded):
    double.authenticated_stream = False
    fmrest_server.layout = "Images"
    record = next(iter(fmrest_server.get_records(limit=1)))

    name, kind, length, answer = fmrest_server.fetch_file(record["Photo"])

    images = seeded.table("Images")
    assert answer.content == images.files[min(images.files)][0]
    assert name.endswith(".png")
    assert kind
    assert int(length) == len(answer.content)


def test_fmrest_reads_product_databases_and_layouts(fmrest_server, double):
    assert fmrest_server.get_product_info()["version"] == "18.0.2.217"
    assert fmrest_server.get_databases() == [{"name": "Clinic"}]
    assert any(entry.get("isFolder") for entry in fmrest_server.get_layouts())
    assert fmrest_server.get_layout("Clinics")
