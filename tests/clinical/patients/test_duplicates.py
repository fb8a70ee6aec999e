"""People who may be here twice, found in the whole clinic."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from clinical.patients import duplicates
from clinical.patients.duplicates import list_pairs, open_candidates, search_for_duplicates
from clinical.patients.merging import merge_patients, tell_apart
from clinical.patients.models import (
    DuplicateCandidate,
    DuplicateSearch,
    Patient,
    PatientIdentifier,
)


@pytest.fixture
def desk(in_alpha, person):
    return person("reception")


def _look() -> DuplicateSearch:
    return search_for_duplicates(DuplicateSearch.objects.create(), now=timezone.now())


def _found() -> dict[tuple[str, str], list[str]]:
    names = {p.pk: p.full_name for p in Patient.objects.all()}
    return {
        tuple(sorted((names[c.first_id], names[c.second_id]))): c.evidence
        for c in open_candidates()
    }


def test_the_same_name_and_birthday_are_found_whatever_the_spelling(desk, patient):
    patient("José O’Neill", date_of_birth="1980-03-12")
    patient("jose ONEILL", date_of_birth="1980-03-12")
    patient("José O’Neill", date_of_birth="1981-03-12")

    search = _look()

    assert list(_found().values()) == [["name_born"]]
    assert (search.patients, search.found) == (3, 1)


def test_a_slip_in_the_name_a_swap_and_a_married_name_are_found(desk, patient):
    patient("Jonathan Smith", date_of_birth="1980-03-12")
    patient("Jonathon Smith", date_of_birth="1980-03-12")
    patient("Lee Anna", date_of_birth="1990-01-02")
    patient("Anna Lee", date_of_birth="1990-01-02")
    patient("Maria Rossi", date_of_birth="1985-05-05", phone="0400 000 111")
    patient("Maria Thornton-Hughes", date_of_birth="1985-05-05", phone="0400000111")

    _look()

    assert _found() == {
        ("Jonathan Smith", "Jonathon Smith"): ["like_name_born"],
        ("Anna Lee", "Lee Anna"): ["like_name_born"],
        ("Maria Rossi", "Maria Thornton-Hughes"): ["given_born_contact"],
    }


def test_a_family_is_not_one_person(desk, patient):
    """One phone and one Medicare card for all of them, other first names, other birthdays."""
    for name, born in (("Ann", "1980-01-01"), ("Ben", "2010-02-02"), ("Cid", "2012-03-03")):
        patient(f"{name} Moor", date_of_birth=born, phone="0400 000 111", medicare="2123456701")
    patient("Ann Moor", date_of_birth="1950-04-04", phone="0400 000 111")

    _look()

    assert _found() == {}


def test_numbers_that_belong_to_one_person_are_evidence_alone(desk, patient):
    for kind in ("ndis", "dva", "health"):
        for name in (f"Ann {kind}", f"Completely Different {kind}"):
            PatientIdentifier.objects.create(
                patient=patient(name), kind=kind, value="430 000 001", normalised="430000001"
            )

    _look()

    assert sorted(_found().values()) == [["dva"], ["healthcare"], ["ndis"]]


def test_what_was_decided_stays_decided_and_what_is_no_more_goes(desk, patient):
    first, second = (patient("Ada North", date_of_birth="1980-03-12") for _ in range(2))
    third, fourth = (patient("Bea South", date_of_birth="1981-03-12") for _ in range(2))
    _look()
    assert open_candidates().count() == 2

    tell_apart(first, second, actor=desk, at=timezone.now())
    Patient.objects.filter(pk=fourth.pk).update(date_of_birth="1990-01-01", family_name="East")
    _look()

    assert list(DuplicateCandidate.objects.values_list("state", flat=True)) == ["not_the_same"]
    assert third.pk


def test_two_people_stay_two_when_one_of_them_is_merged(desk, patient):
    """A and B are different; C is merged into A: A and B are not asked about again."""
    a, b = (patient("Ada North", date_of_birth="1980-03-12") for _ in range(2))
    c = patient("Ada North", date_of_birth="1980-03-12")
    tell_apart(c, b, actor=desk, at=timezone.now())
    a.refresh_from_db()
    c.refresh_from_db()
    merge_patients(a, c, actor=desk, at=timezone.now())

    _look()

    assert _found() == {}


def test_a_group_of_many_is_compared_with_its_first(desk):
    count = duplicates.ALL_PAIRS_UP_TO + 20
    Patient.objects.bulk_create(
        Patient(given_names="Baby", family_name="Unknown", date_of_birth="1900-01-01", number=n + 1)
        for n in range(count)
    )

    _look()

    within = duplicates.ALL_PAIRS_UP_TO
    assert open_candidates().count() == within * (within - 1) // 2 + count - within


def test_the_list_shows_the_strongest_first_with_words(desk, patient):
    patient("Jonathan Smith", date_of_birth="1980-03-12")
    patient("Jonathon Smith", date_of_birth="1980-03-12")
    patient("Ada North", date_of_birth="1985-03-12", phone="0400 000 111")
    patient("Ada North", date_of_birth="1985-03-12", phone="0400 000 111")
    _look()

    pairs = list_pairs(desk, limit=10)

    assert [(pair.first.full_name, pair.candidate.score) for pair in pairs] == [
        ("Ada North", 100),
        ("Jonathan Smith", 40),
    ]
    assert pairs[0].evidence[0] == "the same name and date of birth"


def test_a_candidate_ends_with_its_patient(desk, patient):
    first, _second = (patient("Ada North", date_of_birth="1980-03-12") for _ in range(2))
    _look()

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM patients_patient WHERE id = %s", [first.pk])

    assert DuplicateCandidate.objects.count() == 0


def test_many_patients_are_compared_by_what_they_share(alpha, committed, superuser):
    """Under the policies, without statistics, right after a bulk load."""
    from tenants.scope import tenant_scope

    superuser.execute(f"SET search_path = {alpha.schema_name}, ext")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(f"SET rls.tenant_id = '{alpha.pk}'")
    superuser.execute(
        "INSERT INTO patients_patient (id, number, title, given_names, family_name, "
        "preferred_name, former_names, date_of_birth, sex, gender, pronouns, coordinator_name, "
        "alerts, notes, xero_contact_id, extra, is_archived, created_at, changed_at) "
        "SELECT gen_random_uuid(), n, '', substr(md5((n % 3000)::text), 1, 6), "
        "substr(md5((n % 49999)::text), 1, 9), '', '', "
        "date '1930-01-01' + n % 30000, '', '', '', '', '', '', '', '{}', false, now(), now() "
        "FROM generate_series(1, 100000) AS n"
    )
    superuser.execute(
        "INSERT INTO patients_contactpoint (id, patient_id, kind, value, normalised, label) "
        "SELECT gen_random_uuid(), id, 'mobile', '0', '04' || lpad((number / 3)::text, 8, '0'), '' "
        "FROM patients_patient"
    )

    with tenant_scope(alpha):
        with connection.cursor() as cursor:  # each with each: five thousand million comparisons
            cursor.execute("SET LOCAL statement_timeout = '40s'")
        search = _look()

    assert search.patients == 100_000
