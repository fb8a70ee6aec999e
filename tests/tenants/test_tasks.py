"""Tasks as a worker runs them: the clinic comes with the message and goes with the task."""

from __future__ import annotations

import pytest
from celery import current_app

from accounts.models import User
from tenants.scope import Actor, NoTenantError, active_scope, current_scope, tenant_scope
from tenants.tasks import TENANT_HEADER, TenantTask, tenant_task

pytestmark = pytest.mark.usefixtures("committed")

seen: list[tuple[str, list[str]]] = []


@tenant_task(name="tests.look")
def look() -> None:
    seen.append((current_scope().label, list(User.objects.values_list("name", flat=True))))


@tenant_task(name="tests.stumble", bind=True, max_retries=1, default_retry_delay=0)
def stumble(self: TenantTask, email: str) -> None:
    User.objects.create(email=email, name="Half done", role="reception")
    if self.request.retries == 0:
        raise self.retry(exc=ZeroDivisionError())


@tenant_task(name="tests.walk", long=True)
def walk(self: TenantTask) -> None:
    assert active_scope() is None
    for _ in range(2):
        with self.scope() as scope:
            seen.append((scope.label, list(User.objects.values_list("name", flat=True))))
    assert active_scope() is None


@pytest.fixture(autouse=True)
def _people(alpha, beta):
    seen.clear()
    for clinic, name in ((alpha, "Alice"), (beta, "Bob")):
        with tenant_scope(clinic):
            User.objects.create(email=f"{name.lower()}@example.com", name=name, role="reception")


def _deliver(task: TenantTask, clinic, *args: object) -> object:
    """Run the task as the worker does, outside every scope, with the headers of its message."""
    return task.apply(args, headers={TENANT_HEADER: clinic.pk})


def test_a_task_runs_in_the_clinic_of_its_message(alpha, beta):
    for clinic in (alpha, beta, alpha):
        _deliver(look, clinic)

    assert seen == [("alpha", ["Alice"]), ("beta", ["Bob"]), ("alpha", ["Alice"])]
    assert active_scope() is None


def test_a_message_without_a_clinic_is_refused():
    with pytest.raises(NoTenantError):
        look.apply(throw=True)

    assert seen == []


def test_a_task_cannot_be_sent_from_outside_every_scope():
    with pytest.raises(NoTenantError):
        look.delay()


def test_a_task_sent_inside_a_scope_carries_its_clinic_and_actor(alpha, monkeypatch):
    sent: dict[str, object] = {}
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda _self, *_args, **options: sent.update(options)
    )

    with tenant_scope(alpha, actor=Actor(id="u1", label="Alice")):
        look.delay()

    assert sent["headers"] == {TENANT_HEADER: alpha.pk, "nexus_actor": ["u1", "Alice", ""]}


def test_a_retry_keeps_its_clinic_and_leaves_nothing_half_done(alpha, beta):
    _deliver(stumble, alpha, "half@example.com")
    _deliver(look, beta)

    assert seen == [("beta", ["Bob"])]
    with tenant_scope(alpha):
        assert User.objects.filter(email="half@example.com").count() == 1


def test_a_long_task_opens_short_transactions_of_its_own_clinic(alpha):
    _deliver(walk, alpha)

    assert seen == [("alpha", ["Alice"])] * 2


def test_every_task_is_either_a_clinics_or_known_to_serve_the_platform():
    platform_tasks = {
        "tenants.run_job",  # a step opens the scope of its job's clinic
        "tenants.resume_jobs",
        "tenants.keep_spares",
        "operators.look_everywhere",  # clinic by clinic, each in its scope
        "operators.look_at_one",
        "backups.back_up_platform",
        "backups.drill",
        "backups.check_all",
        "signup.provision_clinic",
        "signup.resume_stuck",
        "signup.send_link",
        "signup.sweep",  # asks for jobs
        "subscription.end_trials",  # asks for jobs
        "support.sweep",  # the clinics with something due, each in its scope
        "audit.seal_everywhere",
        "audit.anchor_everywhere",
        "documents.prepare_everywhere",  # clinic by clinic, each in its scope
        "measures.ask_again_everywhere",  # clinic by clinic, each in its scope
        "clinic_storage.resume_everywhere",  # clinic by clinic, each in its scope
        "letters.send_everywhere",  # clinic by clinic, each in its scope
        "imports.resume_stale",
        "imports.resume_forgotten",
        "imports.discard_old",
        "accounts.send_operators_letter",
        "patients.find_duplicates_everywhere",
        "funding.keep_dates_everywhere",
        "notices.tidy_everywhere",
        "reports.tidy_everywhere",
        "rights.tidy_everywhere",
        "takeout.tidy_everywhere",
        "invoices.draft_fees_everywhere",  # clinic by clinic, each in its scope
        "gmail.read_everywhere",  # sends each clinic's own task
        "xero.poll_everywhere",  # sends each clinic's own task
        "xero.check_everywhere",  # sends each clinic's own task
        "decision_support.refresh_everywhere",  # clinic by clinic, each in its scope
        "messages.send_notices_everywhere",  # looks into each clinic in its scope
        "messages.plan_reminders_everywhere",  # looks into each clinic in its scope
        "connections.sweep_everywhere",  # clinic by clinic, each in its scope
        "connections.renew_everywhere",
        "connections.tell_everywhere",
        "connections.tidy_everywhere",
        "sms.poll_everywhere",  # looks into each clinic in its scope
        "sms.watch_everywhere",  # clinic by clinic, each in its scope
    }
    current_app.loader.import_default_modules()

    ours = {
        name: task
        for name, task in current_app.tasks.items()
        if not name.startswith("celery.") and not task.__module__.startswith("tests.")
    }
    unknown = {
        name
        for name, task in ours.items()
        if not isinstance(task, TenantTask) and name not in platform_tasks
    }
    assert unknown == set()
