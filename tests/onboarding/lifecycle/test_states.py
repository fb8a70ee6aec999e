"""Plain changes of a clinic's life: what people meet at the door, and what stands on record."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from tenants import jobs, lifecycle
from tenants.lifecycle import SubdomainError
from tenants.models import Domain, Job, Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def done(kind: str, clinic: Tenant | None, **params) -> Job:
    with platform_scope():
        job = jobs.ask(kind, clinic, asked_by="Olga", asked_from="operators", **params)
    finished = jobs.run(job.pk)
    assert finished is not None
    return finished


def now(clinic: Tenant) -> Tenant:
    with public_scope(using="owner"):
        return Tenant.objects.get(pk=clinic.pk)


def at(host: str, **headers: str) -> Client:
    return Client(headers={"host": host, **headers})


def test_a_renamed_clinic_is_found_at_both_addresses_and_nobody_else_gets_the_old_one(alpha, beta):
    job = done("rename", alpha, subdomain="harbour")

    assert (job.state, job.result["url"]) == (Job.State.DONE, "http://harbour.localhost:8000")
    old = at("alpha.localhost").get("/login/?next=/patients/")
    assert old.status_code == 308
    assert old["Location"] == "http://harbour.localhost:8000/login/?next=/patients/"
    assert at("alpha.localhost").post("/login/").status_code == 410
    assert at("harbour.localhost").get("/login/").status_code == 200
    with pytest.raises(SubdomainError, match="taken"):
        lifecycle.create_tenant(name="Thief", subdomain="alpha")
    assert "taken" in done("rename", beta, subdomain="alpha").problem
    assert "taken" in done("rename", beta, subdomain="harbour").problem

    done("rename", alpha, subdomain="alpha")  # its own old address it may take back

    assert now(alpha).subdomain == "alpha"
    assert at("harbour.localhost").get("/").status_code == 308
    with public_scope(using="owner"):
        hosts = Domain.objects.filter(tenant=alpha).order_by("domain")
        assert list(hosts.values_list("domain", "is_primary")) == [
            ("alpha.localhost", True), ("harbour.localhost", False),
        ]  # fmt: skip


def test_an_owner_renames_the_clinic_and_reads_in_its_trail_who_did(alpha, beta):
    with tenant_scope(alpha):
        job = jobs.ask("rename", alpha, asked_by="Alice", asked_from="clinic", subdomain="wharf")
    jobs.run(job.pk)

    with tenant_scope(alpha):
        events = Event.objects.filter(action__startswith="job.").order_by("id")
        assert [(e.action, e.actor_label) for e in events] == [
            ("job.asked", "Alice"), ("job.begun", "Alice"), ("job.done", "Alice"),
        ]  # fmt: skip
    with platform_scope():
        assert Event.objects.filter(action__startswith="job.").count() == 3
    with tenant_scope(beta):
        assert not Event.objects.filter(object_type="tenants_job").exists()


def test_in_a_read_only_clinic_people_read_and_nothing_is_changed(alpha, beta, sign_in):
    owner = sign_in(alpha, "owner")
    done("suspend", alpha, mode="read_only", reason="The invoice of May is unpaid.")

    page = owner.get("/staff/")
    refused = owner.post("/staff/invite/", {"email": "x@example.com", "name": "X", "role": "admin"})
    said = owner.post("/staff/invite/", headers={"HX-Request": "true"})

    assert b"Read-only" in page.content
    assert refused.status_code == 409
    assert b"invoice of May" in refused.content
    assert said.status_code == 409
    assert "was not saved" in said.json()["detail"]
    with tenant_scope(alpha):
        assert User.objects.count() == 1
    assert (
        at("alpha.localhost").post("/login/").status_code == 400
    )  # its own answer: a step is missing
    assert owner.get("/settings/data/export/").status_code == 200
    assert owner.post("/logout/").status_code == 302
    assert sign_in(beta, "owner").post("/staff/invite/").status_code == 200


def test_a_closed_clinic_says_why_and_comes_back_as_it_was(alpha, sign_in):
    from tenants.tasks import active_clinics

    owner = sign_in(alpha, "owner")
    done("suspend", alpha, mode="closed", reason="You asked us to.")
    closed = owner.get("/")
    assert (closed.status_code, b"You asked us to." in closed.content) == (503, True)
    assert [clinic.subdomain for clinic in active_clinics()] == ["beta"]

    done("archive", alpha, reason="Merged with the clinic next door.")
    assert b"archived" in owner.get("/").content
    assert done("suspend", alpha, mode="closed").state == Job.State.FAILED

    done("reactivate", alpha)
    assert owner.get("/staff/").status_code == 200
    assert now(alpha).state_reason == ""
    done("reactivate", alpha)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("rename", {"subdomain": "harbour"}),
        ("suspend", {"mode": "closed"}),
        ("archive", {}),
        ("reactivate", {}),
    ],
)
def test_a_worker_killed_on_the_way_leaves_a_job_that_another_one_ends(
    alpha, kind, params, monkeypatch
):
    if kind == "reactivate":
        done("suspend", alpha, mode="closed")
    with platform_scope():
        job = jobs.ask(kind, alpha, asked_by="Olga", asked_from="operators", **params)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Work, "finish", die)  # all is written, and nothing said of it
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
    age(job)

    finished = jobs.run(job.pk)

    assert (finished.state, finished.attempts, finished.problem) == (Job.State.DONE, 2, "")
    assert finished.result.get("before") != finished.result.get("url", "-")


def age(job: Job) -> None:
    with public_scope(using="owner"):
        Job.objects.filter(pk=job.pk).update(
            heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1)
        )


def test_a_clinic_whose_making_was_killed_is_made_once(monkeypatch, alpha):
    with platform_scope():
        job = jobs.ask(
            "create", None, asked_by="Olga", asked_from="operators",
            name="Gamma Speech", subdomain="gamma",
        )  # fmt: skip

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    for what in ("tenants.jobs.Work.adopt", "tenants.migrate.build_schema"):
        with monkeypatch.context() as patch:
            patch.setattr(what, die)
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        age(job)

    made = jobs.run(job.pk)

    assert made.state == Job.State.DONE
    with public_scope(using="owner"):
        clinic = Tenant.objects.get(subdomain="gamma")
    assert (clinic.state, clinic.flags, made.tenant_id) == ("active", {}, clinic.pk)
    assert clinic.verified_at is not None
    assert at("gamma.localhost").get("/login/").status_code == 200


def test_the_command_makes_renames_and_closes_and_says_so_in_json(alpha):
    def say(*words: str):
        out = io.StringIO()
        call_command("tenants", *words, "--json", stdout=out, stderr=io.StringIO())
        return json.loads(out.getvalue())

    (made,) = say("create", "delta", "--name", "Delta Diet")
    assert {"subdomain": "delta", "state": "active"}.items() <= made.items()
    assert made["job"]["state"] == "done"
    assert say("rename", "delta", "epsilon")[0]["url"] == "http://epsilon.localhost:8000"
    (closed,) = say("suspend", "epsilon", "--mode", "read_only", "--actor", "Olga")
    assert (closed["state"], closed["job"]["asked_by"]) == ("read_only", "Olga")
    assert "epsilon" in {row["subdomain"] for row in say("list")}
    assert [row["kind"] for row in say("jobs", "--tenant", "epsilon")] == [
        "suspend", "rename", "create",
    ]  # fmt: skip
    with pytest.raises(CommandError, match="not done yet"):
        say("reactivate", "epsilon", "--queue")
    with pytest.raises(CommandError, match="Something else"):
        say("suspend", "epsilon")
    with pytest.raises(CommandError, match="no clinic"):
        say("suspend", "nobody")
