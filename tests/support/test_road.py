"""Support access from the question to the end, and all of it in the owner's trail and in the platform's."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from audit.models import Event
from clinical.notices.models import Notice
from clinical.patients.models import Patient
from support import services, tasks, telling
from support.desk.models import Case
from support.models import Access, Visit
from tenants.models import Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope

OPERATOR = "operator person (Nexus support)"


def _is_out(visitor: Client) -> bool:
    response = visitor.get("/patients/")
    return response.status_code == 302 and "/login" in response.headers["Location"]


def _is_in(visitor: Client) -> bool:
    return visitor.get("/patients/").status_code == 200


def test_access_is_asked_granted_used_and_ended_and_all_of_it_stands_in_both_trails(desk, alpha):
    with tenant_scope(alpha):
        patient = Patient.objects.create(given_names="Ada", family_name="Quill")
    access = desk.asked()
    assert (access.state, access.decided_by) == ("asked", "")
    with tenant_scope(alpha):
        assert "The diary shows no colours" in Notice.objects.get().text
    assert telling.send_waiting(alpha) == 1
    assert [sent.to for sent in mail.outbox] == [[desk.owner.person.email]]
    assert f"/settings/support/{access.pk}/" in mail.outbox[0].body
    refused = desk.operator.post(f"/support/{access.pk}/enter/")
    assert refused.headers["Location"] == "/support/"

    answer = {"action": "grant", "mode": "reads", "minutes": 30}
    desk.owner.post(f"/settings/support/{access.pk}/answer/", answer)
    visitor = desk.entered(access)
    home = visitor.get("/patients/")
    assert "Support access to Alpha Physiotherapy: operator person, by leave of owner" in home.text
    assert visitor.get(f"/patients/{patient.pk}/").status_code == 200
    assert "is in your clinic" in desk.owner.get("/patients/").text
    assert desk.owner.post(f"/settings/support/{access.pk}/end/").status_code == 302

    assert _is_out(visitor)
    leave = f"leave of owner person, support access {access.pk}"
    told = [line for line in desk.trail() if line[0].startswith("support.")]
    assert told == [
        ("support.asked", OPERATOR, ""),
        ("support.granted", "owner person", ""),
        ("support.entered", OPERATOR, leave),
        ("support.opened", OPERATOR, leave),
        ("support.opened", OPERATOR, leave),
        ("support.ended", "owner person", ""),
    ]
    with tenant_scope(alpha):
        seen = Event.objects.filter(action="view", subject_id=str(patient.pk)).get()
        assert (seen.actor_label, seen.impersonator) == (OPERATOR, leave)
    page = desk.owner.get(f"/settings/support/{access.pk}/").text
    assert "Ada Quill" in page
    assert OPERATOR in page
    with platform_scope():
        of_platform = Event.objects.filter(action="support.opened", object_id=str(alpha.pk))
        assert [event.impersonator for event in of_platform] == [leave, leave]
        states = Event.objects.filter(object_type="support_desk_case").order_by("id")
        assert next(event.action for event in states) == "create"
        case = Case.objects.get()
        assert (case.state, case.decided_by, case.entered_at is not None) == (
            "ended", "owner person", True,
        )  # fmt: skip
    telling.send_waiting(alpha)
    assert "Nexus support has left" in mail.outbox[-1].subject


def test_a_link_is_good_once_for_a_minute_for_one_clinic_and_one_signature(desk, alpha, beta):
    access = desk.granted()
    path = desk.link(access)
    first, second = (Client(headers={"host": alpha.host}) for _ in range(2))

    assert first.get(path).status_code == 200, "looking at it spends nothing"
    assert Client(headers={"host": beta.host}).post(path).status_code == 410
    assert second.post(path[:-3] + "xyz").status_code == 410
    assert first.post(path).status_code == 302
    assert second.post(path).status_code == 410
    assert _is_out(second)
    late = desk.link(access)
    with tenant_scope(alpha):
        minute_ago = timezone.now() - timedelta(seconds=61)
        Visit.objects.filter(entered_at=None).update(made_at=minute_ago)
    assert second.post(late).status_code == 410
    # What was cut out of a cookie opens nothing next door, though the row's key is the same.
    neighbour = Client(headers={"host": beta.host})
    neighbour.cookies = SimpleCookie(first.cookies.output(header="", sep=";"))
    assert _is_out(neighbour)
    assert _is_in(first)


def test_whatever_ends_it_ends_the_session_at_the_next_request(desk, alpha):
    operator = desk.operator.person

    def by_time(access):
        Access.objects.filter(pk=access.pk).update(
            decided_at=timezone.now() - timedelta(hours=2),
            ends_at=timezone.now() - timedelta(seconds=1),
        )

    def by_leaving(_access):
        Visit.objects.filter(ended_at=None).update(ended_at=timezone.now())

    def of_operators(change):
        def do(_access):
            with platform_scope():
                change()

        return do

    def put_back():
        User.objects.filter(pk=operator.pk).update(is_active=True, role="operator")

    ways = {
        "its time": by_time,
        "leaving": by_leaving,
        "idleness": lambda _: Session.objects.filter(user_id=operator.pk).update(
            last_seen_at=timezone.now() - timedelta(hours=2)
        ),
        "an operator no more": of_operators(
            lambda: User.objects.filter(pk=operator.pk).update(is_active=False)
        ),
    }
    for way, end in ways.items():
        access = desk.granted()
        visitor = desk.entered(access)
        assert _is_in(visitor), way
        with tenant_scope(alpha):
            end(access)
        assert _is_out(visitor), way
        assert visitor.get("/support/bar/").headers.get("HX-Refresh"), way
        with platform_scope():
            put_back()
        with tenant_scope(alpha):
            services.end_access(access, by="the test", at=timezone.now())
    access = desk.granted()
    visitor = desk.entered(access)
    desk.operator.post("/logout/")
    assert _is_out(visitor), "signing out at the console"


def test_suspending_the_clinic_ends_it_for_good(desk, alpha):
    access = desk.granted()
    visitor = desk.entered(access)

    for state in ("suspended", "active"):
        with platform_scope():
            Tenant.objects.filter(pk=alpha.pk).update(state=state)

    assert _is_out(visitor)
    tasks.sweep()
    assert desk.latest().state == "ended"


def test_time_alone_ends_it_and_the_sweep_writes_it_down(desk, alpha):
    access = desk.granted()
    visitor = desk.entered(access)
    with tenant_scope(alpha):
        Access.objects.filter(pk=access.pk).update(
            decided_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now()
        )
        services.mirror(Access.objects.get(pk=access.pk))

    tasks.sweep()

    assert (desk.latest().state, desk.latest().ended_by) == ("ended", "time")
    assert _is_out(visitor)
    assert ("support.ended", "system", "") in desk.trail()
    with tenant_scope(alpha):
        assert not Session.objects.filter(user_id=desk.operator.person.pk).exists()


def test_an_emergency_opens_at_once_to_look_for_an_hour_and_tells_every_owner(desk, alpha, sign_in):
    sign_in(alpha, "owner", email="second@owner.example")
    page = f"/support/clinics/{alpha.pk}/emergency/"

    wrong = desk.operator.post(page, {"reason": "Diary down", "typed": "beta"})
    assert (wrong.status_code, desk.latest()) == (422, None)
    desk.operator.post(page, {"reason": "Diary down", "typed": "alpha"})

    access = desk.latest()
    assert (access.state, access.mode, access.decided_by) == ("granted", "reads", "")
    assert access.ends_at - access.decided_at == timedelta(hours=1)
    with tenant_scope(alpha):
        assert Notice.objects.count() == 2
    visitor = desk.entered(access)
    assert "in an emergency" in visitor.get("/patients/").text
    tasks.sweep()
    assert sorted(sent.to[0] for sent in mail.outbox) == [
        "owner@alpha.localhost.example", "second@owner.example",
    ]  # fmt: skip
    assert "in an emergency" in mail.outbox[0].subject


def test_an_emergency_that_cannot_be_told_opens_nothing(desk, alpha, monkeypatch):
    page = f"/support/clinics/{alpha.pk}/emergency/"
    words = {"reason": "Diary down", "typed": "alpha"}

    def broken(_people, _news):
        raise telling.NobodyToTellError("The bell is broken.")

    monkeypatch.setattr(telling, "_hooks", [broken])
    answer = desk.operator.post(page, words)
    assert (answer.status_code, desk.latest()) == (422, None)
    monkeypatch.undo()
    with tenant_scope(alpha):
        User.objects.filter(role="owner").update(is_active=False)
    answer = desk.operator.post(page, words)
    assert (answer.status_code, desk.latest()) == (422, None)
    with public_scope(using="owner"):
        assert not Case.objects.exists()


def test_an_owner_lets_support_in_unasked_and_a_decline_lets_nobody_in(desk, alpha):
    words = {"reason": "Look at my roster", "mode": "reads", "minutes": 120}
    assert desk.owner.post("/settings/support/offer/", words).status_code == 302
    assert _is_in(desk.entered(desk.latest()))

    access = desk.asked()
    desk.owner.post(f"/settings/support/{access.pk}/answer/", {"action": "decline"})
    desk.operator.post(f"/support/{access.pk}/enter/")
    with tenant_scope(alpha):
        assert Access.objects.get(pk=access.pk).state == "declined"
        assert not Visit.objects.filter(access_id=access.pk).exists()


def test_an_access_of_one_operator_or_clinic_is_nothing_to_another(desk, alpha, beta, sign_in):
    access = desk.granted()
    other = sign_in(None, "operator", email="other@ops.example")

    assert other.post(f"/support/{access.pk}/enter/").headers["Location"] == "/support/"
    neighbour = sign_in(beta, "owner")
    assert neighbour.get(f"/settings/support/{access.pk}/").status_code == 404
    assert neighbour.post(f"/settings/support/{access.pk}/end/").status_code == 404
    with tenant_scope(beta):
        assert not Access.objects.exists()
    admin = sign_in(alpha, "admin")
    assert admin.get(f"/settings/support/{access.pk}/").status_code == 200
    assert admin.post(f"/settings/support/{access.pk}/end/").status_code == 403
    assert sign_in(alpha, "clinician").get("/settings/support/").status_code == 403


def test_leaving_ends_the_visit_and_not_the_access(desk, alpha):
    access = desk.granted()
    visitor = desk.entered(access)
    cookie = visitor.cookies["__Host-nexus-session"].value

    assert "You have left" in visitor.post("/support/leave/").text

    replay = Client(headers={"host": alpha.host})
    replay.cookies["__Host-nexus-session"] = cookie
    assert _is_out(visitor)
    assert _is_out(replay)
    assert desk.latest().state == "granted"
    assert "support.left" in [line[0] for line in desk.trail()]
    assert _is_in(desk.entered(access))


def test_a_visitor_is_nobody_of_the_clinic(desk, alpha):
    desk.entered(desk.granted())

    assert OPERATOR not in desk.owner.get("/staff/").text
    with tenant_scope(alpha):
        stand_in = User._base_manager.get(role=User.VISITOR)
        assert not User.objects.filter(pk=stand_in.pk).exists()
        assert (stand_in.is_active, stand_in.has_usable_password()) == (False, False)


@pytest.mark.parametrize("path", ["/settings/support/", "/settings/where/"])
def test_the_owners_pages_say_what_there_is(desk, path):
    response = desk.owner.get(path)

    assert response.status_code == 200
    assert "It could not be asked just now" not in response.text
