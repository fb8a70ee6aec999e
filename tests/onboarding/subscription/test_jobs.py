"""What an owner asks the worker for: a plan, the practice's details, another address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from clinical.practice.models import Practitioner
from onboarding.subscription.kinds import TRIAL_OVER
from onboarding.subscription.tasks import end_trials
from tenants import jobs
from tenants.models import Domain, Job, Tenant
from tenants.scope import public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")

COLUMNS = (
    "name", "subdomain", "state", "state_reason", "plan", "trial_ends_at", "region", "time_zone",
    "went_live_at",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_it_was(alpha):
    before = {name: getattr(alpha, name) for name in COLUMNS}
    yield
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=alpha.pk).update(**before)
        Domain.objects.filter(tenant_id=alpha.pk).exclude(domain=alpha.host).delete()
        Domain.objects.filter(tenant_id=alpha.pk).update(is_primary=True)


def _run() -> Job:
    with public_scope(using="owner"):
        job = Job.objects.latest("created_at")
    jobs.run(job.pk)
    with public_scope(using="owner"):
        job.refresh_from_db()
    return job


def _now(alpha) -> Tenant:
    with public_scope():
        return Tenant.objects.get(pk=alpha.pk)


def test_a_trial_ends_in_reading_only_and_choosing_a_plan_opens_it_again(alpha, sign_in):
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=alpha.pk).update(trial_ends_at=timezone.now() - timedelta(days=3))
    end_trials()
    with public_scope(using="owner"):
        assert not Job.objects.exists(), "there is a grace"
        Tenant.objects.filter(pk=alpha.pk).update(trial_ends_at=timezone.now() - timedelta(days=90))

    end_trials()
    _run()

    closed = _now(alpha)
    assert (closed.state, closed.state_reason) == (Tenant.State.READ_ONLY, TRIAL_OVER)
    owner = sign_in(alpha, "owner")
    assert owner.get("/settings/data/export/").status_code == 200, "the data can be taken along"
    assert owner.post("/settings/clinic/details/", {"name": "X"}).status_code == 409
    assert owner.post("/settings/clinic/plan/", {"plan": "practice"}).status_code == 302
    assert _run().state == Job.State.DONE
    opened = _now(alpha)
    assert (opened.state, opened.state_reason, opened.plan, opened.trial_ends_at) == (
        Tenant.State.ACTIVE, "", "practice", None,
    )  # fmt: skip


def test_a_plan_that_is_too_small_or_not_on_offer_is_not_taken(alpha):
    with tenant_scope(alpha):
        for name in ("Ada", "Bo"):
            Practitioner.objects.create(name=name)
    for wanted, words in (("solo", "2 clinicians are in use, it has 1"), ("trial", "not on offer")):
        with public_scope(using="owner"):
            jobs.ask("plan", alpha, asked_by="o", asked_from="clinic", plan=wanted)
        job = _run()
        assert (job.state, words in job.problem) == (Job.State.FAILED, True), job.problem
    assert _now(alpha).plan == alpha.plan


def test_a_clinic_suspended_for_another_reason_is_not_opened_by_a_plan(alpha):
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=alpha.pk).update(
            state=Tenant.State.READ_ONLY, state_reason="An import is looked into."
        )
        jobs.ask("plan", alpha, asked_by="o", asked_from="clinic", plan="group")

    assert _run().state == Job.State.DONE
    assert _now(alpha).state == Tenant.State.READ_ONLY


def test_the_practices_details_and_first_day_are_written(alpha, sign_in):
    owner = sign_in(alpha, "owner")
    for path, form in (
        ("details", {"name": "Alpha  Health", "region": "NZ", "time_zone": "Pacific/Auckland"}),
        ("go-live", {"went_live_on": "2026-12-01"}),
    ):
        assert owner.post(f"/settings/clinic/{path}/", form).status_code == 302
        assert "On its way" in owner.get(f"/settings/clinic/{path}/").text
        assert _run().state == Job.State.DONE

    found = _now(alpha)
    assert (found.name, found.region, found.time_zone) == ("Alpha Health", "NZ", "Pacific/Auckland")
    assert found.went_live_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_job_that_was_not_made_by_the_form_is_checked_all_the_same(alpha):
    for params in (
        {"name": " "},
        {"time_zone": "Mars/Base"},
        {"region": "XX"},
        {"went_live_on": "x"},
    ):
        with public_scope(using="owner"):
            jobs.ask("details", alpha, asked_by="o", asked_from="clinic", **params)
        assert _run().state == Job.State.FAILED, params
    assert _now(alpha).name == alpha.name


def test_an_owner_gives_the_clinic_another_address_and_the_old_one_leads_there(alpha, sign_in):
    owner, path = sign_in(alpha, "owner"), "/settings/clinic/address/"
    refused = [
        owner.post(path, form).status_code
        for form in (
            {"subdomain": "alpha-health", "present": "beta"},
            {"subdomain": "adm1n", "present": "alpha"},
            {"subdomain": "alpha", "present": "alpha"},
        )
    ]
    asked = owner.post(path, {"subdomain": "alpha-health", "present": "alpha"})
    job = _run()

    assert (refused, asked.status_code, job.state, job.problem) == (
        [422] * 3, 302, Job.State.DONE, "",
    )  # fmt: skip
    assert _now(alpha).subdomain == "alpha-health"
    old = Client(headers={"host": f"alpha.{settings.BASE_DOMAIN}"}).get("/login/")
    assert (old.status_code, "alpha-health" in old.headers["Location"]) == (308, True)


def test_an_address_that_looks_like_another_clinics_is_refused_by_the_job(alpha, beta):
    with public_scope(using="owner"):
        jobs.ask("rename", alpha, asked_by="o", asked_from="clinic", subdomain="be-ta")

    job = _run()

    assert (job.state, _now(alpha).subdomain) == (Job.State.FAILED, "alpha")
    assert "taken" in job.problem
