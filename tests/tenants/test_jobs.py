"""Jobs: two people where two are wanted, one at a time for a clinic, and on after any crash."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants import jobs
from tenants.jobs import CancelledError, JobError, JobOpenError, Kind, Step, kind_named
from tenants.models import Job
from tenants.scope import platform_scope, public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")

ran: list[str] = []
heard: list[str] = []
faults: dict[str, Exception] = {}


def _step(name: str):
    def run(work: jobs.Work) -> None:
        ran.append(f"{name} of {work.tenant.subdomain}")
        work.keep(**{name: "kept"})
        if name in faults:
            raise faults[name]
        work.finish(**{name: sorted(work.notes)})

    return Step(name, f"Doing {name}", run)


@pytest.fixture(autouse=True)
def _kinds(no_worker, monkeypatch):
    ran.clear(), heard.clear(), faults.clear()
    monkeypatch.setattr(jobs, "_kinds", {})
    monkeypatch.setattr(jobs, "_listeners", [lambda _job, what: heard.append(what)])
    steps = (_step("copy"), _step("compare"))
    jobs.register(Kind("walk", "A walk", steps, from_clinic=True))
    jobs.register(Kind("blast", "A blast", steps, needs_second=True))


def asked(clinic, name: str = "walk", **options) -> Job:
    with platform_scope():
        return jobs.ask(name, clinic, asked_by="Olga", asked_from="operators", **options)


def row(job: Job) -> Job:
    with public_scope(using="owner"):
        return Job.objects.get(pk=job.pk)


def test_steps_run_in_order_and_leave_notes_for_the_next(alpha):
    job = asked(alpha)

    done = jobs.run(job.pk)

    assert ran == ["copy of alpha", "compare of alpha"]
    assert done.state == Job.State.DONE
    assert done.result == {"copy": ["copy"], "compare": ["compare", "copy"]}
    assert [line["step"] for line in done.log] == ["copy", "compare"]
    assert heard == ["asked", "begun", "step:copy", "step:compare", "done"]
    assert jobs.run(job.pk) is None


def test_a_second_job_of_the_clinic_waits_outside_and_the_neighbours_does_not(alpha, beta):
    asked(alpha)

    with pytest.raises(JobOpenError, match="Wait until it has ended"):
        asked(alpha)

    assert asked(beta).state == Job.State.QUEUED


def test_what_needs_two_people_is_not_done_by_one(alpha):
    job = asked(alpha, "blast")

    assert jobs.run(job.pk) is None
    with platform_scope(), pytest.raises(JobError, match="second person"):
        jobs.approve(row(job), approved_by="olga")
    with platform_scope():
        jobs.approve(row(job), approved_by="Pavel")
    jobs.run(job.pk)

    assert row(job).state == Job.State.DONE
    assert row(job).approved_by == "Pavel"


def test_a_job_goes_on_at_the_step_in_which_its_worker_died(alpha):
    job = asked(alpha)
    faults["compare"] = KeyboardInterrupt()  # what ends a process
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    faults.clear()
    assert jobs.run(job.pk) is None  # its heart may still beat
    assert jobs.forgotten() == []
    with public_scope(using="owner"):
        Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    assert jobs.forgotten() == [job.pk]

    jobs.run(job.pk)

    assert ran == ["copy of alpha", "compare of alpha", "compare of alpha"]
    assert row(job).state == Job.State.DONE
    assert row(job).attempts == 2


def test_a_worker_that_was_overtaken_stops_and_changes_nothing(alpha):
    job = asked(alpha)
    other = uuid.uuid4()

    def overtake(work: jobs.Work) -> None:
        with public_scope(using="owner"):
            Job.objects.update(claim=other)
        work.keep(late="yes")

    steps = (Step("copy", "Copying", overtake),)
    jobs._kinds["walk"] = Kind("walk", "A walk", steps)

    assert jobs.run(job.pk) is None
    assert (row(job).claim, row(job).state, row(job).notes) == (other, Job.State.RUNNING, {})


def test_a_failed_job_says_why_and_goes_on_from_there_when_told_to(alpha):
    job = asked(alpha)
    faults["compare"] = JobError("Three rows are missing.")
    jobs.run(job.pk)
    assert (row(job).state, row(job).problem) == (Job.State.FAILED, "Three rows are missing.")
    faults.clear()

    with platform_scope():
        jobs.retry(row(job))
    jobs.run(job.pk)

    assert ran == ["copy of alpha", "compare of alpha", "compare of alpha"]
    assert (row(job).state, row(job).problem) == (Job.State.DONE, "")


def test_an_unforeseen_error_is_named_without_its_values(alpha):
    job = asked(alpha)
    faults["copy"] = ValueError("Jane Citizen")

    jobs.run(job.pk)

    assert row(job).problem == "ValueError. The log of the worker says where."


def test_a_job_is_cancelled_at_once_where_nobody_works_at_it_else_at_its_next_word(alpha, beta):
    waiting, working = asked(alpha), asked(beta)
    with platform_scope():
        assert jobs.cancel(row(waiting)).state == Job.State.CANCELLED

    def be_cancelled(work: jobs.Work) -> None:
        with platform_scope():
            jobs.cancel(row(working))
        work.beat()
        work.progress(1, 2)
        raise AssertionError("it went on")

    jobs._kinds["walk"] = Kind("walk", "A walk", (Step("copy", "Copying", be_cancelled),))
    jobs.run(working.pk)

    assert row(working).state == Job.State.CANCELLED
    assert CancelledError.__name__ not in row(working).problem


def test_a_clinic_asks_for_what_is_its_own_and_nothing_else(alpha, beta):
    with tenant_scope(alpha):
        job = jobs.ask("walk", alpha, asked_by="Alice", asked_from="clinic")
        assert [found.pk for found in jobs.of_running_clinic()] == [job.pk]
    with tenant_scope(beta):
        assert jobs.of_running_clinic() == []
    with tenant_scope(alpha), pytest.raises(JobError, match="operators"):
        jobs.ask("blast", alpha, asked_by="Alice", asked_from="clinic")


def test_a_row_that_a_clinic_has_forged_is_not_kept(alpha, beta):
    from django.db import ProgrammingError

    for clinic, asked_from in ((alpha, "operators"), (beta, "clinic")):
        job = Job(tenant_id=clinic.pk, kind="blast", asked_from=asked_from, step="copy")
        with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(alpha):
            jobs._insert_from_clinic(job)


def test_a_kind_that_clinics_may_not_ask_for_is_not_run_for_one(alpha):
    with tenant_scope(alpha):
        job = Job(tenant_id=alpha.pk, kind="blast", asked_from="clinic", step="copy")
        jobs._insert_from_clinic(job)

    assert jobs.run(job.pk) is None
    assert (row(job).state, ran) == (Job.State.FAILED, [])


def test_a_name_that_is_no_kind_is_refused():
    with pytest.raises(JobError, match="no job"):
        kind_named("dance")
