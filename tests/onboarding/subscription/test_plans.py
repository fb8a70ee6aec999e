"""Plans, their limits and the trial: a friendly edge, never a lock-out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from accounts.models import User
from clinical.documents.uploads import RefusedUploadError, start_upload
from clinical.patients.models import Patient
from clinical.practice import services
from clinical.practice.models import Location, Practitioner
from onboarding.subscription.offer import offer
from onboarding.subscription.selectors import standing
from tenants.scope import tenant_scope

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def on_solo(alpha):
    alpha.plan = "solo"
    with tenant_scope(alpha):
        yield alpha


@pytest.fixture
def owner(on_solo):
    return User.objects.create(email="owner@example.com", name="Dana Delta", role="owner")


def test_one_clinician_too_many_is_refused_with_words_on_what_to_do(on_solo, owner):
    first = services.add_entry(Practitioner(name="Ada Finch"), actor=owner)

    with pytest.raises(ValidationError, match="larger plan under Settings → Plan"):
        services.add_entry(Practitioner(name="Bo Lark"), actor=owner)
    services.add_entry(Practitioner(name="Bo Lark", is_active=False), actor=owner)
    first.name = "Ada Finch-Lark"
    services.change_entry(first, actor=owner)
    first.is_active = False
    services.change_entry(first, actor=owner)
    services.add_entry(Practitioner(name="Cy Reed"), actor=owner)

    second = Practitioner.objects.get(name="Bo Lark")
    second.is_active = True
    with pytest.raises(ValidationError):
        services.change_entry(second, actor=owner)
    assert Practitioner.objects.filter(is_active=True).count() == 1


def test_locations_have_their_limit_and_what_an_import_brought_goes_on_working(on_solo, owner):
    places = [Location.objects.create(name=f"Place {number}") for number in range(3)]

    places[0].phone = "(02) 5550 0100"
    services.change_entry(places[0], actor=owner)
    with pytest.raises(ValidationError):
        services.add_entry(Location(name="One more"), actor=owner)

    assert Location.objects.count() == 3


def test_a_file_beyond_the_plan_is_refused_before_a_byte_comes_in(on_solo, owner):
    from clinical.documents.models import Document

    patient = Patient.objects.create(given_names="Ada", family_name="Finch")
    room = offer().plan("solo").limits.storage
    Document.objects.create(patient=patient, size=room - 100)
    ask = {"actor": owner, "name": "x.pdf", "kind": Document.Kind.DOCUMENT}

    start_upload(patient, size=100, **ask)
    with pytest.raises(RefusedUploadError, match="would not fit any more"):
        start_upload(patient, size=1, **ask)


def test_a_clinic_with_a_plan_of_its_own_agreement_has_no_limits(alpha):
    alpha.plan = "agreed-by-hand"
    with tenant_scope(alpha):
        owner = User.objects.create(email="owner@example.com", name="Dana", role="owner")
        for number in range(3):
            services.add_entry(Practitioner(name=f"Person {number}"), actor=owner)


def test_a_trial_is_near_its_end_then_over_then_closed(alpha):
    rules = offer().trial
    alpha.trial_ends_at = NOW + timedelta(days=rules.days)
    seen = [
        (days, found.days_left, found.is_near, found.is_over, found.is_closed)
        for days in (0, rules.days - rules.warn_days, rules.days, rules.days + rules.grace_days)
        for found in [standing(alpha, now=NOW + timedelta(days=days))]
    ]

    assert seen == [
        (0, 30, False, False, False),
        (20, 10, True, False, False),
        (30, 0, True, True, False),
        (44, 0, True, True, True),
    ]
    alpha.trial_ends_at = None
    assert not standing(alpha, now=NOW).is_near


def test_a_file_of_plans_that_is_none_stops_the_start(settings, tmp_path):
    for written in ("{", "{}", json.dumps({"plans": []})):
        settings.OFFER_FILE = tmp_path / f"{abs(hash(written))}.json"
        settings.OFFER_FILE.write_text(written)
        with pytest.raises(ImproperlyConfigured, match="NEXUS_OFFER"):
            offer()


def test_owners_and_no_others_see_the_trial_run_out(alpha, sign_in, superuser):
    superuser.execute(
        "UPDATE tenants_tenant SET trial_ends_at = now() + interval '3 days' WHERE id = %s",
        [alpha.pk],
    )
    try:
        pages = {
            role: sign_in(alpha, role).get("/settings/").text for role in ("owner", "reception")
        }
        plan = sign_in(alpha, "owner").get("/settings/clinic/plan/")
    finally:
        superuser.execute("UPDATE tenants_tenant SET trial_ends_at = NULL")

    assert "3 days left of the trial" in pages["owner"]
    assert "left of the trial" not in pages["reception"]
    assert "3 days left of the trial" in plan.text
    assert sign_in(alpha, "admin").get("/settings/clinic/plan/").status_code == 403
