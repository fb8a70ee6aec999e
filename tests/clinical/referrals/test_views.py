"""The pages of referrals, NDIS plans and consents, as reception and others meet them."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.consents.models import ConsentKind
from clinical.patients.models import CoordinatorAssignment
from clinical.referrals.models import Referral, ReferralVisit
from tenants.scope import tenant_scope

SYDNEY = ZoneInfo("Australia/Sydney")
"""The clinics' clocks: their pages go by them, whatever day it is elsewhere."""

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North")


def budgets(*rows):
    data = {"budget-TOTAL_FORMS": len(rows), "budget-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"budget-{number}-{name}": value for name, value in row.items()}
    return data


def test_a_referral_is_added_counts_visits_and_stands_in_the_drawer(
    alpha, sign_in, ada, appointment
):
    reception = sign_in(alpha, "reception")
    today = timezone.localdate(timezone=SYDNEY)

    added = reception.post(
        f"/patients/{ada.pk}/referrals/new/",
        {"kind": "dva", "referred_on": f"{today - timedelta(days=9):%d/%m/%Y}"},
    )
    with tenant_scope(alpha):
        visit = appointment(timezone.now() + timedelta(days=1), patient=ada)
        referral = Referral.objects.get()
    page = reception.get(added.headers["Location"])
    drawer = reception.get(f"/appointments/{visit.pk}/drawer/")
    uncounted = reception.post(f"/appointments/{visit.pk}/referral/", {"referral": ""})
    with tenant_scope(alpha):
        links = list(ReferralVisit.objects.values_list("referral", flat=True))

    assert (referral.sessions_allowed, referral.months) == (12, 12)
    assert "11 of 12 left" in page.text
    assert "11 of 12 left" in drawer.text
    assert (uncounted.status_code, links) == (302, [None])
    assert "counts to none" in reception.get(f"/appointments/{visit.pk}/drawer/").text


def test_a_referral_is_changed_closed_and_used_again(alpha, sign_in, ada):
    reception = sign_in(alpha, "reception")
    reception.post(f"/patients/{ada.pk}/referrals/new/", {"kind": "gp", "referred_on": "1/10/2026"})
    with tenant_scope(alpha):
        referral = Referral.objects.get()
    changed = {"kind": "gp", "referred_on": "1/10/2026", "sessions_allowed": "6"}

    stale = reception.post(
        f"/referrals/{referral.pk}/edit/", {**changed, "seen": "2020-01-01T00:00:00+00:00"}
    )
    saved = reception.post(
        f"/referrals/{referral.pk}/edit/", {**changed, "seen": referral.changed_at.isoformat()}
    )
    reception.post(f"/referrals/{referral.pk}/close/", {"reason": "A newer one came"})
    closed = reception.get(f"/patients/{ada.pk}/referrals/").text
    reception.post(f"/referrals/{referral.pk}/close/")
    with tenant_scope(alpha):
        referral.refresh_from_db()

    assert (stale.status_code, saved.status_code) == (422, 302)
    assert "Closed" in closed
    assert (referral.state, referral.sessions_allowed) == ("active", 6)


def test_a_referral_that_ends_before_it_starts_is_said_so(alpha, sign_in, ada):
    answer = sign_in(alpha, "reception").post(
        f"/patients/{ada.pk}/referrals/new/",
        {"kind": "gp", "referred_on": "1/10/2026", "expires_on": "1/9/2026"},
    )

    assert answer.status_code == 422
    assert "ends before it starts" in answer.text


def test_the_list_of_those_that_run_out_asks_as_often_for_one_as_for_many(alpha, sign_in, patient):
    today = timezone.localdate(timezone=SYDNEY)
    reception = sign_in(alpha, "reception")

    def refer(number):
        with tenant_scope(alpha):
            for one in range(number):
                Referral.objects.create(
                    patient=patient(f"Pia{one} North"),
                    kind="private",
                    referred_on=today,
                    expires_on=today + timedelta(days=3),
                )

    counts = []
    for number in (1, 12):
        refer(number)
        reception.get("/referrals/running-out/")
        with CaptureQueriesContext(connection) as queries:
            page = reception.get("/referrals/running-out/")
        counts.append(len(queries))

    assert page.text.count("3 days left") == 13
    assert counts[0] == counts[1] <= 40


def test_a_plan_with_budgets_is_added_and_changed(alpha, sign_in, ada):
    reception = sign_in(alpha, "reception")
    today = timezone.localdate(timezone=SYDNEY)
    dates = {
        "starts_on": f"{today:%d/%m/%Y}",
        "ends_on": f"{today + timedelta(days=200):%d/%m/%Y}",
    }

    added = reception.post(
        f"/patients/{ada.pk}/ndis/new/",
        {**dates, **budgets({"category": "15", "amount": "12,345.60", "agreed": "4000"})},
    )
    page = reception.get(f"/patients/{ada.pk}/ndis/")
    plan = page.context["plans"][0]["plan"]
    removed = reception.post(f"/ndis/{plan.pk}/remove/")

    assert (added.status_code, removed.status_code) == (302, 302)
    assert "$12,345.60" in page.text
    assert "Funds left" in page.text
    assert "200 days left" in page.text


def test_consents_and_preferences_are_recorded(alpha, sign_in, ada):
    reception = sign_in(alpha, "reception")
    with tenant_scope(alpha):
        kind = ConsentKind.objects.get(key="treatment")
    before = reception.get(f"/patients/{ada.pk}/consents/")
    answer = {
        "kind": kind.pk,
        "answer": "given",
        "answered_on": f"{timezone.localdate(timezone=SYDNEY):%d/%m/%Y}",
        "way": "written",
        "by": "Her mother",
    }

    recorded = reception.post(f"/patients/{ada.pk}/consents/record/", answer)
    refused = reception.post(
        f"/patients/{ada.pk}/consents/record/", {**answer, "answered_on": "1/1/2099"}
    )
    reception.post(f"/patients/{ada.pk}/preferences/", {"channel": "sms", "no_phone": "on"})
    after = reception.get(f"/patients/{ada.pk}/consents/")

    assert "Treatment (not asked)" in before.text
    assert (recorded.status_code, refused.status_code) == (302, 422)
    assert "Treatment (not asked)" not in after.text
    assert "by Her mother" in after.text
    assert "Do not contact by phone" in after.text


def test_the_clinic_keeps_its_own_list_of_consents(alpha, sign_in):
    owner = sign_in(alpha, "owner")

    owner.post("/settings/consents/new/", {"name": "Dry needling", "order": 5, "is_active": "on"})
    page = owner.get("/settings/consents/")
    twice = owner.post("/settings/consents/new/", {"name": "dry needling", "order": 5})

    assert "Dry needling" in page.text
    assert twice.status_code == 422


def test_a_coordinator_reads_an_assigned_participants_pages_and_no_others(
    alpha, sign_in, ada, patient
):
    coordinator = sign_in(alpha, "coordinator")
    with tenant_scope(alpha):
        other = patient("Bea South")
        CoordinatorAssignment.objects.create(user=coordinator.person, patient=ada)
        referral = Referral.objects.create(
            patient=other, kind="gp", referred_on=timezone.localdate(timezone=SYDNEY)
        )

    for page in ("referrals", "ndis", "consents"):
        assert coordinator.get(f"/patients/{ada.pk}/{page}/").status_code == 200, page
        assert coordinator.get(f"/patients/{other.pk}/{page}/").status_code == 404, page
    assert coordinator.get(f"/referrals/{referral.pk}/").status_code == 404
    assert coordinator.post(f"/patients/{ada.pk}/preferences/").status_code == 403
