"""The console's pages: trouble first, two people where two are wanted, everything on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from tenants import flags, jobs
from tenants.jobs import Kind, Step
from tenants.models import Job, Tenant
from tenants.scope import platform_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def kinds(no_worker, monkeypatch):
    steps = (Step("first", "Doing the first", lambda _work: None),)
    monkeypatch.setattr(jobs, "_listeners", [])
    known = dict(jobs._kinds)
    known["rename"] = Kind("rename", "Rename", steps)
    known["delete"] = Kind("delete", "Delete", steps, needs_second=True)
    monkeypatch.setattr(jobs, "_kinds", known)


def _only_job() -> Job:
    with platform_scope():
        return Job.objects.get()


def _actions() -> list[str]:
    with platform_scope():
        return list(Event.objects.order_by("id").values_list("action", flat=True))


def test_clinics_in_trouble_stand_first_and_are_searched_and_filtered(
    alpha, beta, sign_in, figures
):
    figures(alpha)
    figures(beta, queue_since=(timezone.now() - timedelta(hours=5)).isoformat())
    operator = sign_in(None, "operator")

    both = operator.get("/").text
    assert both.index(beta.name) < both.index(alpha.name)
    assert "The queue to vendors waits" in both
    assert alpha.name not in operator.get("/?show=trouble").text
    assert beta.name not in operator.get("/?q=ALPHA&sort=users").text
    assert "No such clinic" in operator.get("/?q=nowhere").text


def test_the_list_costs_as_much_for_many_clinics_as_for_two(alpha, sign_in):
    from django.db import connections

    operator = sign_in(None, "operator")

    def cost() -> int:
        with CaptureQueriesContext(connections["platform"]) as asked:
            assert operator.get("/").status_code == 200
        return len([one for one in asked if not one["sql"].startswith(("SAVE", "REL", "BEGIN"))])

    before = cost()
    with platform_scope():
        Tenant.objects.bulk_create(
            Tenant(name=f"Clinic {n}", subdomain=f"clinic-{n}", schema_name=f"c_9{n}",
                   state=Tenant.State.ACTIVE)
            for n in range(120)
        )  # fmt: skip

    assert cost() == before <= 12
    assert "page 1 of 3" in operator.get("/").text


def test_a_job_is_asked_for_by_a_form_and_wrong_answers_are_said(alpha, sign_in, kinds):
    operator = sign_in(None, "operator")

    assert operator.post(f"/clinics/{alpha.pk}/ask/rename/", {"subdomain": ""}).status_code == 422
    asked = operator.post(f"/clinics/{alpha.pk}/ask/rename/", {"subdomain": "gamma"})

    job = _only_job()
    assert asked.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.params) == ("rename", {"subdomain": "gamma"})
    assert (job.asked_by, job.asked_from) == (operator.person.email, "operators")
    again = operator.post(f"/clinics/{alpha.pk}/ask/rename/", {"subdomain": "delta"})
    assert "Wait until it has ended" in again.text
    for path in ("jobs/ask/rename", f"clinics/{alpha.pk}/ask/create", "jobs/ask/sweep"):
        assert operator.get(f"/{path}/").status_code == 404, path
    assert "Doing the first" in operator.get(f"/jobs/{job.pk}/live/").text
    assert operator.post(f"/jobs/{job.pk}/cancel/").status_code == 302
    assert _only_job().state == Job.State.CANCELLED
    operator.post(f"/jobs/{job.pk}/retry/")
    assert _only_job().state == Job.State.QUEUED
    assert [action for action in _actions() if action.startswith("job.")] == [
        "job.ask", "job.cancel", "job.retry",
    ]  # fmt: skip


def test_deleting_takes_the_typed_address_and_another_operator(alpha, sign_in, kinds):
    olga = sign_in(None, "operator", email="olga@ops.example")
    pavel = sign_in(None, "operator", email="pavel@ops.example")
    path = f"/clinics/{alpha.pk}/ask/delete/"

    assert olga.post(path, {"confirm": "beta"}).status_code == 422
    olga.post(path, {"confirm": "alpha"})
    job = _only_job()
    assert job.state == Job.State.HELD
    with platform_scope():  # another name makes nobody another person
        type(olga.person).objects.filter(pk=olga.person.pk).update(name="Somebody Else")
    olga.post(f"/jobs/{job.pk}/approve/")
    assert _only_job().state == Job.State.HELD
    assert "Another operator must approve it" in olga.get(f"/jobs/{job.pk}/").text
    pavel.post(f"/jobs/{job.pk}/approve/")

    assert (_only_job().state, _only_job().approved_by) == (Job.State.QUEUED, "pavel@ops.example")


def test_the_file_of_a_job_is_for_whom_the_link_was_made(alpha, sign_in, kinds, monkeypatch):
    from operators import results

    file = results.ResultFile("proof.pdf", "application/pdf", lambda: [b"%PDF"], "Proof")
    monkeypatch.setattr(results, "_openers", {"rename": lambda _job: file})
    olga = sign_in(None, "operator", email="olga@ops.example")
    pavel = sign_in(None, "operator", email="pavel@ops.example")
    olga.post(f"/clinics/{alpha.pk}/ask/rename/", {"subdomain": "gamma"})
    with platform_scope():
        Job.objects.update(state=Job.State.DONE)
    job = _only_job()
    link = f"/jobs/{job.pk}/result/{results.sign(job, operator=olga.person)}/"

    assert link.split("/result/", maxsplit=1)[0] in olga.get(f"/jobs/{job.pk}/").text
    assert pavel.get(link).status_code == 302
    taken = olga.get(link)
    assert (taken.status_code, b"".join(taken.streaming_content)) == (200, b"%PDF")
    assert 'filename="proof.pdf"' in taken.headers["Content-Disposition"]
    monkeypatch.setattr(results, "GOOD_FOR_SECONDS", -1)
    assert olga.get(link).status_code == 302


def test_a_feature_is_switched_for_one_clinic_and_found_by_its_code(alpha, beta, sign_in):
    operator = sign_in(None, "operator")
    path = f"/clinics/{alpha.pk}/flags/live_updates/"

    def is_on(clinic) -> bool:
        with platform_scope():
            return flags.is_on(Tenant.objects.get(pk=clinic.pk), "live_updates")

    assert operator.post(path, {"choice": "off"}).status_code == 302
    assert (is_on(alpha), is_on(beta)) == (False, True)
    operator.post(path, {"choice": "default"})
    assert is_on(alpha)
    assert operator.post(path, {"choice": "perhaps"}).status_code == 404
    assert operator.post(path.replace("live", "dead"), {"choice": "on"}).status_code == 404
    assert _actions().count("flag.switched") == 2


def test_the_host_answers_from_its_networks_only_and_locks_nobody_out_by_mistake(sign_in):
    from operators.networks import admits, read_network

    operator = sign_in(None, "operator")
    assert "would be locked out" in operator.post("/networks/", {"network": "10.9.0.0/16"}).text
    assert "is no address" in operator.post("/networks/", {"network": "everywhere"}).text
    assert operator.post("/networks/", {"network": "127.0.0.1"}).status_code == 302
    assert operator.post("/networks/", {"network": "10.9.0.0/16"}).status_code == 302

    for path in ("/", "/login/", "/api/v1/clinics/"):
        outside = operator.get(path, REMOTE_ADDR="203.0.113.9")
        assert (outside.status_code, outside["Content-Type"]) == (
            403, "text/plain; charset=utf-8",
        ), path  # fmt: skip
    assert operator.get("/", REMOTE_ADDR="10.9.3.4").status_code == 200
    assert operator.get("/", REMOTE_ADDR="::ffff:10.9.3.4").status_code == 200
    from operators.models import AllowedNetwork

    with platform_scope():
        mine = AllowedNetwork.objects.get(network="127.0.0.1/32")
    operator.post(f"/networks/{mine.pk}/disallow/")
    with platform_scope():
        assert AllowedNetwork.objects.filter(pk=mine.pk).exists()
    assert not admits("", [read_network("0.0.0.0/0")])


def test_the_server_itself_opens_the_host_again(sign_in, settings):
    from io import StringIO

    from django.core.management import call_command

    said = StringIO()
    call_command("operators", "allow", "203.0.113.0/24", "--note", "office", stdout=said)
    assert sign_in(None, "operator").get("/").status_code == 403
    call_command("operators", "open", stdout=said)

    assert "answers from everywhere" in said.getvalue()
    assert sign_in(None, "operator").get("/").status_code == 200
    settings.OPERATORS_NETWORKS = ()


def test_every_page_of_the_console_opens(alpha, sign_in, figures):
    figures(
        alpha,
        imports=[{"id": "r", "state": "loading", "phase": 3, "created_at": "2026-11-21T01:00:00+00:00",
                  "heartbeat_at": "2026-11-21T01:00:00+00:00", "done": 5, "total": 9, "attempt": 2}],
        integrations=[{"provider": "xero", "state": "live", "last_success_at": None}],
    )  # fmt: skip
    operator = sign_in(None, "operator")
    paths = [
        "/", f"/clinics/{alpha.pk}/", f"/clinics/{alpha.pk}/figures/", "/jobs/", "/jobs/?part=rows",
        "/imports/", "/imports/?show=stuck", "/migrations/", "/self-check/", "/self-check/?show=green",
        "/announcements/", "/announcements/new/", "/tokens/", "/networks/", "/account/passkeys/",
    ]  # fmt: skip
    from operators import asking

    for ask in asking.all_asks():
        if ask.asked.states is not None:
            paths.append(f"/clinics/{alpha.pk}/ask/{ask.kind.name}/")
        if ask.asked.is_for(None):
            paths.append(f"/jobs/ask/{ask.kind.name}/")
    assert [(path, operator.get(path).status_code) for path in paths] == [
        (path, 200) for path in paths
    ]
    assert "Stuck" in operator.get("/imports/?show=stuck").text
    assert settings.OPERATORS_NETWORKS == ()
