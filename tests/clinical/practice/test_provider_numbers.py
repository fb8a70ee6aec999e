"""A clinician has a Medicare provider number for each place, and a wrong one is told at once."""

from __future__ import annotations

from django.urls import reverse

from clinical.practice.models import Location, Practitioner, ProviderNumber
from clinical.practice.provider_numbers import (
    is_provider_number,
    normalise_provider_number,
    number_at,
)
from tenants.scope import tenant_scope


def test_the_check_letter_says_whether_a_number_can_exist():
    assert is_provider_number("2426621B")
    assert is_provider_number("242 6621b")
    assert not is_provider_number("2426621A")
    assert not is_provider_number("242662IB")  # there is no place I
    assert not is_provider_number("")
    assert normalise_provider_number("242 6621b") == "2426621B"


def test_the_number_of_the_place_goes_before_the_one_for_everywhere():
    here, there = Location(name="Here"), Location(name="There")
    numbers = [ProviderNumber(number="A", location=here), ProviderNumber(number="B")]

    assert number_at(numbers, here.pk) == "A"
    assert number_at(numbers, there.pk) == "B"
    assert number_at([], here.pk) == ""


def _rows(*rows):
    fields = {"number-TOTAL_FORMS": str(len(rows)), "number-INITIAL_FORMS": "0"}
    for index, (number, location) in enumerate(rows):
        fields[f"number-{index}-number"] = number
        fields[f"number-{index}-location"] = location
    return fields


def test_numbers_are_kept_by_place_and_wrong_ones_refused(alpha, sign_in):
    owner = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        dana, here = Practitioner.objects.create(name="Dana"), Location.objects.create(name="Here")
    url = reverse("practice:provider_numbers", kwargs={"pk": dana.pk}, urlconf="config.urls_clinic")

    wrong = owner.post(url, _rows(("2426621A", "")))
    twice = owner.post(url, _rows(("2426621B", str(here.pk)), ("2426621B", str(here.pk))))
    saved = owner.post(url, _rows(("2426621b", str(here.pk)), ("", "")))

    assert (wrong.status_code, twice.status_code, saved.status_code) == (422, 422, 302)
    assert "compare it again" in wrong.text
    assert "A location stands here twice" in twice.text
    with tenant_scope(alpha):
        kept = dana.provider_numbers.values_list("number", "location_id")
        assert list(kept) == [("2426621B", here.pk)]
