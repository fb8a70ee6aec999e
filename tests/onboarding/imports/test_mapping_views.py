from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from onboarding.imports import tasks
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.models import ImportRun, Mapping
from onboarding.imports.runs import begin_run
from onboarding.imports.services import read_file
from onboarding.imports.upload import receive_file
from tenants.scope import NOBODY, tenant_scope

ANN = {"ID_Patient": "1001", "Name First": "Ann", "Name Last": "Lee",
       "Address Street": "12 Main St\rKew VIC 3101"}  # fmt: skip
VISIT = {"Patient ID": "1001", "Date": "5/01/2026", "Start Time": "9:00:00", "Type": "Gait"}
PATIENTS, STREET = 129, 12


def url(name, run, **words):
    return reverse(f"imports:{name}", urlconf="config.urls_clinic", kwargs={"pk": run.pk, **words})


@pytest.fixture
def run(alpha, clinic_file, monkeypatch):
    """A run that waits for its mapping; no worker takes its next step."""
    monkeypatch.setattr(tasks.check_run, "delay", lambda _: None)
    with tenant_scope(alpha):
        path = clinic_file(Patients=[ANN], Appointments=[VISIT])
        made = begin_run(receive_file(path, actor=NOBODY), actor=NOBODY)
    read_file(alpha, made.pk, live=False)
    with tenant_scope(alpha):
        return ImportRun.objects.select_related("source").get(pk=made.pk)


def field_id(run, table_id, name):
    table = next(t for t in run.source.structure["tables"] if t["table"]["id"] == table_id)
    return next(f["id"] for f in table["fields"] if f["name"] == name)


def saved(clinic):
    with tenant_scope(clinic):
        return list(Mapping.objects.order_by("version"))


def test_only_what_was_changed_is_sent_and_the_rest_stays(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    street = field_id(run, PATIENTS, "Address Street")

    client.post(url("mapping", run), {f"t{PATIENTS}-f{street}-as": "block", "then": "stay"})

    (mapping,) = saved(alpha)
    before = MappingSpec.from_json(run.source.profile["suggestion"])
    spec = MappingSpec.from_json(mapping.spec)
    assert spec.table(PATIENTS).rule(street).how == "block"
    others = [rule for rule in before.table(PATIENTS).fields if rule.field_id != street]
    assert [r for r in spec.table(PATIENTS).fields if r.field_id != street] == others
    assert spec.table(130) == before.table(130)


def test_examples_are_made_by_the_rule_on_the_page_and_veiled(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    street = field_id(run, PATIENTS, "Address Street")
    address = url("mapping_field", run, table_id=PATIENTS, field_id=street)

    panel = client.post(address, {f"t{PATIENTS}-f{street}-as": "block"}).text

    assert "“12 M••• St¶K•• VIC 31••”" in panel
    for part in ("12 M••• St", "suburb</span> K••", "state</span> VIC", "postcode</span> 31••"):
        assert part in panel
    assert "Kew" not in panel
    assert saved(alpha) == []


def test_a_field_that_is_not_there_has_no_panel(alpha, run, sign_in):
    answer = sign_in(alpha, "owner").post(
        url("mapping_field", run, table_id=PATIENTS, field_id=9999)
    )

    assert answer.status_code == 404


def test_what_holds_for_all_records_is_kept_and_taken_away(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    name = f"t{PATIENTS}-constant"

    client.post(url("mapping", run), {f"{name}-new": "funding_type", f"{name}-text": "Private",
                                      "then": "stay"})  # fmt: skip
    client.post(url("mapping", run), {f"{name}-funding_type": "", "then": "stay"})

    specs = [MappingSpec.from_json(mapping.spec) for mapping in saved(alpha)]
    assert [spec.table(PATIENTS).constants for spec in specs] == [
        (("funding_type", "Private"),),
        (),
    ]


def test_words_and_joins_are_read_from_the_form(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    first = field_id(run, PATIENTS, "Name First")
    last = field_id(run, PATIENTS, "Name Last")
    one, other = f"t{PATIENTS}-f{first}", f"t{PATIENTS}-f{last}"

    client.post(
        url("mapping", run),
        {one: "full_name", other: "full_name", f"{other}-glue": "blank", f"{other}-order": "2",
         f"{one}-words": "Annie = Ann", "then": "stay"},
    )  # fmt: skip

    rules = MappingSpec.from_json(saved(alpha)[0].spec).table(PATIENTS)
    assert rules.rule(last).manner.glue == " "
    assert rules.rule(last).manner.order == 2
    assert rules.rule(first).manner.words == (("annie", "Ann"),)


def test_decisions_are_saved_with_the_mapping(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    page = client.get(url("values", run)).text
    assert "0 of 1 decided" in page
    assert "Gait" in page

    answer = client.post(url("values", run), {"vappointment_type=gait": "quarantine"}, follow=True)

    assert "1 of 1 decided" in answer.text
    assert saved(alpha)[0].spec["decisions"]["appointment_type"] == {
        "gait": {"do": "quarantine", "text": "Gait"}
    }


def test_all_suggestions_are_accepted_at_once(alpha, run, sign_in):
    answer = sign_in(alpha, "owner").post(url("values", run), {"accept": "1"}, follow=True)

    assert "1 of 1 decided" in answer.text


def test_an_earlier_version_is_used_again_as_the_newest(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    client.post(url("mapping", run), {"default_minutes": "20", "then": "stay"})
    client.post(url("mapping", run), {"default_minutes": "45", "then": "stay"})
    page = client.get(url("mapping_versions", run)).text
    assert "default minutes" in page

    client.post(url("mapping_restore", run, version=1))

    minutes = [mapping.spec["options"]["default_minutes"] for mapping in saved(alpha)]
    assert minutes == [20, 45, 20]
    answer = client.post(url("mapping_restore", run, version=77), follow=True)
    assert "There is no version 77" in answer.text


def test_a_mapping_goes_to_another_clinic_as_a_file(alpha, beta, run, clinic_file, sign_in):
    client = sign_in(alpha, "owner")
    client.post(url("mapping", run), {"default_minutes": "25", "then": "stay"})
    client.post(url("values", run), {"vappointment_type=gait": "create"})
    kept = client.get(url("mapping_file", run)).content
    assert b"Ann" not in kept
    with tenant_scope(beta):
        theirs = begin_run(receive_file(clinic_file(Patients=[ANN]), actor=NOBODY), actor=NOBODY)
    read_file(beta, theirs.pk, live=False)

    answer = sign_in(beta, "owner").post(
        url("mapping_upload", theirs),
        {"file": SimpleUploadedFile("mapping.json", kept)},
        follow=True,
    )

    assert "taken over as version 1" in answer.text
    (mapping,) = saved(beta)
    assert mapping.spec["options"]["default_minutes"] == 25
    assert mapping.spec["decisions"]["appointment_type"]["gait"]["do"] == "create"


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[" * 100_000, b'{"kind": "nexus-filemaker-mapping"}', b"\xff\xfe",
     b'{"kind": "nexus-filemaker-mapping", "tables": 3, "mapping": {"format": 2, "tables": {}}}'],
)  # fmt: skip
def test_what_is_no_mapping_is_refused_with_words(alpha, run, sign_in, text):
    answer = sign_in(alpha, "owner").post(
        url("mapping_upload", run),
        {"file": SimpleUploadedFile("mapping.json", text)},
        follow=True,
    )

    assert "mapping" in answer.text
    assert saved(alpha) == []


def test_a_mapping_of_another_solution_is_refused(alpha, run, sign_in):
    client = sign_in(alpha, "owner")
    kept = json.loads(client.get(url("mapping_file", run)).content)
    kept["fingerprint"] = "another"
    for table in kept["tables"]:
        for field in table["fields"]:
            field[1] = f"other {field[1]}"

    answer = client.post(
        url("mapping_upload", run),
        {"file": SimpleUploadedFile("mapping.json", json.dumps(kept).encode())},
        follow=True,
    )

    assert "another FileMaker solution" in answer.text
