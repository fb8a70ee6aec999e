from __future__ import annotations

from datetime import date

import pytest
from django.http import Http404

from clinical.patients import selectors
from clinical.patients.filters import PatientFilter
from clinical.patients.listing import list_patients
from clinical.patients.models import CoordinatorAssignment
from clinical.practice.models import FundingType, Location
from tenants.scope import tenant_scope

TODAY = date(2026, 11, 21)
EVERYBODY = PatientFilter()


def names(patients) -> list[str]:
    return [found.full_name for found in patients]


def test_the_list_goes_by_family_name_without_the_archived(in_alpha, person, patient):
    patient("Zoe Adams")
    patient("Adam Zeller")
    patient("Ada North", is_archived=True)
    owner = person("owner")

    shown = list_patients(owner, EVERYBODY)
    with_all = list_patients(owner, PatientFilter(with_archived=True))

    assert names(shown.patients) == ["Zoe Adams", "Adam Zeller"]
    assert (shown.total, with_all.total) == (2, 3)


def test_pages_lead_forth_and_back_without_losing_anybody(in_alpha, person, patient):
    for letter in "abcdefg":
        patient(f"Same {letter}")
    owner = person("owner")

    first = list_patients(owner, EVERYBODY, size=3)
    second = list_patients(owner, EVERYBODY, size=3, after=first.after)
    third = list_patients(owner, EVERYBODY, size=3, after=second.after)
    back = list_patients(owner, EVERYBODY, size=3, before=third.before)

    pages = [names(page.patients) for page in (first, second, third)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [name for page in pages for name in page] == [f"Same {x}" for x in "abcdefg"]
    assert names(back.patients) == names(second.patients)
    assert (first.before, third.after) == (None, None)


def test_patients_of_the_same_name_are_not_lost_between_pages(in_alpha, person, patient):
    for _ in range(5):
        patient("Ada North")
    owner = person("owner")

    first = list_patients(owner, EVERYBODY, size=2)
    second = list_patients(owner, EVERYBODY, size=2, after=first.after)
    third = list_patients(owner, EVERYBODY, size=2, after=second.after)

    seen = [p.pk for page in (first, second, third) for p in page.patients]
    assert len(set(seen)) == 5


def test_the_list_is_narrowed_by_location_and_funding(in_alpha, person, patient):
    north, ndis = Location.objects.create(name="North"), FundingType.objects.create(name="NDIS")
    patient("Ada Here", location=north, funding_type=ndis)
    patient("Bea Nowhere")
    owner = person("owner")

    def shown(**narrowed):
        return names(list_patients(owner, PatientFilter(**narrowed)).patients)

    assert shown(location_id=north.pk) == ["Ada Here"]
    assert shown(without_location=True) == ["Bea Nowhere"]
    assert shown(funding_type_id=ndis.pk) == ["Ada Here"]


def test_a_search_says_who_is_only_similar(in_alpha, person, patient):
    patient("Ann Smyth")
    patient("Ann Smith")

    found = selectors.search_patients(person("owner"), "smyth", EVERYBODY, today=TODAY)

    assert [(hit.patient.full_name, hit.is_similar) for hit in found] == [
        ("Ann Smyth", False),
        ("Ann Smith", True),
    ]


def test_a_narrowed_search_looks_beyond_the_first_who_fit(in_alpha, person, patient):
    north = Location.objects.create(name="North")
    for number in range(6):
        patient(f"Ada{number} Same")
    last = patient("Zoe Same", location=north)

    found = selectors.search_patients(
        person("owner"), "same", PatientFilter(location_id=north.pk), today=TODAY, limit=2
    )

    assert [hit.patient for hit in found] == [last]


def test_a_coordinator_finds_and_lists_assigned_participants_only(in_alpha, person, patient):
    mine, other = patient("Ada North"), patient("Bea North")
    coordinator = person("coordinator")
    CoordinatorAssignment.objects.create(user=coordinator, patient=mine)

    listed = list_patients(coordinator, EVERYBODY)
    found = selectors.search_patients(coordinator, "north", EVERYBODY, today=TODAY)

    assert (names(listed.patients), listed.total) == (["Ada North"], 1)
    assert [hit.patient for hit in found] == [mine]
    assert selectors.get_patient(coordinator, mine.pk) == mine
    with pytest.raises(Http404):
        selectors.get_patient(coordinator, other.pk)


def test_the_neighbours_patient_does_not_exist(alpha, beta, person, patient):
    with tenant_scope(beta):
        theirs = patient()
    with tenant_scope(alpha):
        owner = person("owner")

        with pytest.raises(Http404):
            selectors.get_patient(owner, theirs.pk)


def test_recently_viewed_patients_come_last_viewed_first(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada, bea = patient("Ada North"), patient("Bea South")
    reception = sign_in(alpha, "reception")

    for who in (ada, bea, ada):
        reception.get(f"/patients/{who.pk}/")

    with tenant_scope(alpha):
        assert selectors.recently_viewed(reception.person) == [ada, bea]


def test_a_likely_duplicate_is_noticed(in_alpha, person, patient):
    same_phone = patient("Bob West", phone="0412 345 678")
    same_birthday = patient("Katherine North", date_of_birth=date(1980, 3, 12))
    patient("Katherine North", date_of_birth=date(1990, 3, 12))

    found = selectors.possible_duplicates(
        person("owner"),
        name="Kathrine North",
        born=date(1980, 3, 12),
        phones=["+61 412 345 678"],
        today=TODAY,
    )

    assert set(found) == {same_phone, same_birthday}


def test_nobody_is_a_duplicate_of_nothing(in_alpha, person, patient):
    patient("Ada North")

    found = selectors.possible_duplicates(
        person("owner"), name="Ada North", born=None, phones=["n/a"], today=TODAY
    )

    assert found == []


def test_looking_at_a_patient_is_on_record(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()

    sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/")

    with tenant_scope(alpha):
        from audit.selectors import events_about

        views = [event for event in events_about(str(ada.pk)) if event.action == "view"]
        assert [event.actor_label for event in views] == ["clinician person"]
