from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from clinical.patients.contacts import normalise_contact
from clinical.patients.identifiers import normalise_identifier
from clinical.patients.models import ContactPoint, Patient, PatientIdentifier
from clinical.patients.search import PatientQuery, find_patients, parse
from tenants.scope import tenant_scope

TODAY = date(2026, 11, 21)


def patient(*, phone: str = "", medicare: str = "", **fields: object) -> Patient:
    created = Patient.objects.create(**fields)
    if phone:
        ContactPoint.objects.create(
            patient=created,
            kind="mobile",
            value=phone,
            normalised=normalise_contact("mobile", phone),
        )
    if medicare:
        PatientIdentifier.objects.create(
            patient=created,
            kind="medicare",
            value=medicare,
            normalised=normalise_identifier(medicare),
        )
    return created


def found(text: str, **options: object) -> list[str]:
    hits = find_patients(text, today=TODAY, **options)
    by_id = Patient.objects.in_bulk([hit.patient_id for hit in hits])
    return [by_id[hit.patient_id].full_name for hit in hits]


@pytest.fixture
def people(in_alpha):
    patient(
        given_names="Zoë Marie",
        family_name="O'Brien",
        preferred_name="Zo",
        former_names="Müller",
        date_of_birth=date(1980, 3, 12),
        phone="0412 345 678",
        medicare="2123 45670 1",
    )
    patient(
        given_names="Jonathan",
        family_name="Smith-Jones",
        date_of_birth=date(1975, 12, 3),
        phone="(02) 9876 5432",
    )
    patient(given_names="Katherine", family_name="Nguyen", date_of_birth=date(1980, 3, 12))
    return in_alpha


@pytest.mark.parametrize(
    "typed",
    [
        "zoe obrien",
        "OBRIEN, Zoë",
        "o'brien zo",
        "muller",
        "Müller Zoe",
        "zoe obrein",
        "mueler obrien",
        "0412345678",
        "+61 412 345 678",
        "0412 345",
        "412345",
        "5678",
        "obrien 0412",
        "2123456701",
        "medicare 2123 4567",
        "obrien 12/03/1980",
        "zoe 1980-03-12",
    ],
)
def test_a_patient_is_found_by_what_people_type(people, typed):
    assert found(typed)[0] == "Zoë Marie O'Brien"


@pytest.mark.parametrize("typed", ["98765432", "9876 5432", "02 9876", "+61 2 9876 5432"])
def test_a_landline_is_found_with_and_without_its_area_code(people, typed):
    assert found(typed) == ["Jonathan Smith-Jones"]


@pytest.mark.parametrize(
    "typed",
    [
        "12/03/1980",
        "12/3/80",
        "12-03-1980",
        "12.3.1980",
        "12 03 1980",
        "1980-03-12",
        "12 Mar 1980",
        "12th March 1980",
        "March 12, 1980",
        "12mar80",
        "12031980",
        "120380",
        "19800312",
        "dob 12/03/1980",
    ],
)
def test_a_birthday_is_read_in_every_usual_form(people, typed):
    assert found(typed) == ["Katherine Nguyen", "Zoë Marie O'Brien"]


def test_a_birthday_in_american_order_is_read_where_no_other_reading_fits(people):
    assert found("03/13/1980") == []
    assert parse("03/13/1980", today=TODAY).born == (date(1980, 3, 13),)


def test_a_patient_is_found_by_number(people):
    number = Patient.objects.get(family_name="Nguyen").number

    assert found(f"#{number}") == ["Katherine Nguyen"]
    assert found(str(number)) == ["Katherine Nguyen"]


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "'", "\x00", "zzzzz", "' OR 1=1 --"])
def test_nothing_and_nonsense_find_nobody(people, typed):
    assert found(typed) == []


def test_two_letters_in_the_wrong_order_still_find_the_name(people):
    assert found("jnoathan") == ["Jonathan Smith-Jones"]
    assert found("ngyuen") == ["Katherine Nguyen"]


def test_similar_names_come_after_those_that_fit_and_say_so(in_alpha):
    patient(given_names="Ann", family_name="Smyth")
    patient(given_names="Ann", family_name="Smith")

    hits = find_patients("smyth", today=TODAY)

    assert found("smyth") == ["Ann Smyth", "Ann Smith"]
    assert [hit.is_similar for hit in hits] == [False, True]


def test_all_parts_must_fit_the_same_patient(people):
    assert found("nguyen 12/03/1980") == ["Katherine Nguyen"]
    assert found("nguyen 0412") == []


def test_archived_patients_are_found_only_when_asked_for(people):
    Patient.objects.filter(family_name="Nguyen").update(is_archived=True)

    assert found("nguyen") == []
    assert found("nguyen", with_archived=True) == ["Katherine Nguyen"]


def test_no_more_than_the_limit_is_answered(in_alpha):
    for number in range(8):
        patient(given_names=f"Ann{number}", family_name="Smith")

    assert len(found("smith", limit=3)) == 3


def test_a_clinic_finds_only_its_own(alpha, beta):
    with tenant_scope(alpha):
        patient(given_names="Ada", family_name="North")
    with tenant_scope(beta):
        patient(given_names="Bea", family_name="North")
        seen_by_beta = found("north")
    with tenant_scope(alpha):
        seen_by_alpha = found("north")

    assert (seen_by_alpha, seen_by_beta) == (["Ada North"], ["Bea North"])


def test_the_function_of_the_neighbour_refuses_to_answer(alpha, beta):
    call = (
        f"SELECT * FROM {beta.schema_name}.search_patients"
        "('north', '{}', '', NULL, '', '{}', '{}', true, 10)"
    )
    with (
        tenant_scope(alpha),
        pytest.raises(ProgrammingError, match="another scope"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(call)


def test_what_was_typed_is_sorted_by_what_it_can_mean():
    assert parse("Smith 0412 345 678", today=TODAY) == PatientQuery(
        names="Smith", phones=("0412345678",), code="0412345678", number=412345678
    )
    assert parse("NX 123456", today=TODAY).names == "NX"
    assert parse("NX123456", today=TODAY).code == "NX123456"
    assert parse("ada@example.com", today=TODAY) == PatientQuery(email="ada@example.com")
    assert parse("1/2/26", today=TODAY).born == (date(2026, 2, 1),)
    assert parse("1/2/27", today=TODAY).born == (date(1927, 2, 1),)
