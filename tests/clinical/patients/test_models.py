from __future__ import annotations

import pytest

from clinical.patients.models import ContactPoint, Patient


def test_names_are_folded_by_the_database(in_alpha):
    patient = Patient.objects.create(
        given_names="Zoë-Marie",
        family_name="O\u2019Brien",
        preferred_name="Zo",
        former_names="Müller",
    )
    patient.refresh_from_db()

    assert patient.search_name == " zoe marie obrien zo muller"
    assert patient.sort_name == " obrien zoe marie"


def test_patients_are_numbered_one_after_another(in_alpha):
    first = Patient.objects.create(given_names="Ada")
    second = Patient.objects.create(given_names="Bob")

    assert second.number == first.number + 1


def test_a_contact_point_can_be_found_by_its_last_digits(in_alpha):
    patient = Patient.objects.create(given_names="Ada")
    point = ContactPoint.objects.create(
        patient=patient, kind="mobile", value="0412 345 678", normalised="0412345678"
    )
    point.refresh_from_db()

    assert point.reversed == "8765432140"


@pytest.mark.parametrize("colour", ["red", "#12345G", "#FFFFFF"])
def test_a_colour_is_six_hex_digits(in_alpha, colour):
    from django.db import IntegrityError, transaction

    from clinical.practice.models import Location

    with pytest.raises(IntegrityError), transaction.atomic():
        Location.objects.create(name="North", colour=colour)
