from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from clinical.practice.models import AppointmentType, Location, Practitioner
from clinical.practice.selectors import locations_in_use, practitioner_of
from clinical.practice.services import add_entry, change_entry


def test_an_owner_adds_and_changes_a_location(in_alpha, person):
    owner = person("owner")

    place = add_entry(Location(name="North"), actor=owner)
    place.name = "North Street"
    change_entry(place, actor=owner)

    assert [entry.name for entry in Location.objects.all()] == ["North Street"]


@pytest.mark.parametrize("role", ["clinician", "reception", "billing", "coordinator"])
def test_others_change_nothing(in_alpha, person, role):
    with pytest.raises(PermissionDenied):
        add_entry(Location(name="North"), actor=person(role))

    assert not Location.objects.exists()


def test_a_wrong_entry_is_refused_by_field(in_alpha, person):
    with pytest.raises(ValidationError) as refused:
        add_entry(AppointmentType(name="Long", duration_minutes=0), actor=person("owner"))

    assert "duration" in str(refused.value)


def test_a_place_out_of_use_is_offered_only_where_it_stands_already(in_alpha):
    used = Location.objects.create(name="A")
    closed = Location.objects.create(name="B", is_active=False)

    assert list(locations_in_use()) == [used]
    assert list(locations_in_use(also=closed.pk)) == [used, closed]


def test_the_clinician_behind_an_account_is_found(in_alpha, person):
    clinician = person("clinician")
    column = Practitioner.objects.create(name="Cleo", user=clinician)

    assert practitioner_of(clinician) == column
    assert practitioner_of(person("reception")) is None
