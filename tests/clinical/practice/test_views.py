from __future__ import annotations

import pytest

from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from tenants.scope import tenant_scope

KINDS = ["locations", "clinicians", "appointment-types", "funding-types"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_says_what_to_do(alpha, sign_in, kind):
    page = sign_in(alpha, "owner").get(f"/settings/practice/{kind}/")

    assert page.status_code == 200
    assert "Nothing here yet" in page.text
    assert f"/settings/practice/{kind}/new/" in page.text


def test_an_owner_adds_one_of_each(alpha, beta, sign_in):
    owner = sign_in(alpha, "owner")
    forms = {
        "locations": {"name": "North", "colour": "#112233"},
        "clinicians": {"name": "Cleo", "colour": "#112233"},
        "appointment-types": {"name": "Long", "colour": "#112233", "duration_minutes": 45},
        "funding-types": {"name": "NDIS"},
    }

    answers = [owner.post(f"/settings/practice/{kind}/new/", form) for kind, form in forms.items()]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 302]
    models = (Location, Practitioner, AppointmentType, FundingType)
    with tenant_scope(alpha):
        assert [model.objects.get().name for model in models] == ["North", "Cleo", "Long", "NDIS"]
        assert all(model.objects.get().is_active for model in models)
    with tenant_scope(beta):
        assert [model.objects.count() for model in models] == [0, 0, 0, 0]


def test_an_entry_is_taken_out_of_use_not_deleted(alpha, sign_in):
    with tenant_scope(alpha):
        place = Location.objects.create(name="North")

    sign_in(alpha, "admin").post(
        f"/settings/practice/locations/{place.pk}/", {"name": "North", "colour": "#112233"}
    )

    with tenant_scope(alpha):
        assert Location.objects.get().is_active is False


def test_a_mistake_is_shown_beside_its_field(alpha, sign_in):
    page = sign_in(alpha, "owner").post("/settings/practice/locations/new/", {"colour": "#112233"})

    assert page.status_code == 422
    assert "This field is required" in page.text


def test_reception_reads_but_does_not_change(alpha, sign_in):
    with tenant_scope(alpha):
        place = Location.objects.create(name="North")
    reception = sign_in(alpha, "reception")

    page = reception.get("/settings/practice/locations/")
    refused = reception.post(f"/settings/practice/locations/{place.pk}/", {"name": "Hacked"})

    assert page.status_code == 200
    assert "New location" not in page.text
    assert refused.status_code == 403
    with tenant_scope(alpha):
        assert Location.objects.get().name == "North"


def test_the_neighbours_entry_is_not_there(alpha, beta, sign_in):
    with tenant_scope(beta):
        place = Location.objects.create(name="North")

    page = sign_in(alpha, "owner").get(f"/settings/practice/locations/{place.pk}/")

    assert page.status_code == 404


def test_an_unknown_list_is_not_found(alpha, sign_in):
    assert sign_in(alpha, "owner").get("/settings/practice/rockets/").status_code == 404
