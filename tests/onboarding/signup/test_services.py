from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.core import mail
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from onboarding.signup import services, sweeping, tasks
from onboarding.signup.addresses import AddressTakenError
from onboarding.signup.links import LinkClosedError, token_of
from onboarding.signup.models import Signup
from onboarding.subscription.offer import offer
from tenants import jobs
from tenants.lifecycle import SubdomainError
from tenants.models import Job, Tenant
from tenants.scope import public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("only_two_clinics")

WISH = {
    "clinic_name": "Delta Physio",
    "subdomain": "delta",
    "owner_name": "Dana Delta",
    "email": "Dana@Example.com",
    "time_zone": "Australia/Perth",
}
PASSWORD = "quiet lamp orchard"


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What was handed to the queue."""
    ids: list[str] = []
    monkeypatch.setattr(tasks.provision_clinic, "delay", ids.append)
    monkeypatch.setattr(tasks.send_link, "delay", tasks.send_link)
    return ids


def _ask(**changes) -> Signup:
    with public_scope():
        return services.ask_for_clinic(**{**WISH, **changes})


def _confirm(signup: Signup, **changes) -> Signup:
    wanted = {"subdomain": signup.subdomain, "password": PASSWORD, "address": "203.0.113.7"}
    with public_scope():
        return services.confirm(token_of(signup.pk), **{**wanted, **changes})


def test_a_wish_becomes_a_clinic_once_its_mail_is_confirmed(sent):
    asked = timezone.now()
    wish = _ask()

    assert (wish.state, sent, [to for letter in mail.outbox for to in letter.to]) == (
        Signup.State.MAILED, [], ["dana@example.com"],
    )  # fmt: skip
    assert f"/signup/confirm/{token_of(wish.pk).partition(':')[0]}" in mail.outbox[0].body

    _confirm(wish)
    done = services.provision(sent[0])

    assert sent == [str(wish.pk)]
    assert (done.state, done.password_hash) == (Signup.State.READY, "")
    assert (done.terms_version, done.agreement_version) == ("2026-11", "2026-11")
    with public_scope():
        clinic = Tenant.objects.get(subdomain="delta")
    assert (clinic.name, clinic.time_zone, clinic.state, clinic.plan) == (
        "Delta Physio",
        "Australia/Perth",
        Tenant.State.ACTIVE,
        "trial",
    )
    assert clinic.verified_at == done.verified_at
    assert clinic.trial_ends_at - asked >= timedelta(days=offer().trial.days)
    with tenant_scope(clinic):
        owner = User.objects.get()
        accepted = Event.objects.get(action="terms.accepted")
    assert (owner.email, owner.role) == ("dana@example.com", User.Role.OWNER)
    assert check_password(PASSWORD, owner.password)
    assert accepted.object_id == str(owner.pk)


def test_nothing_is_built_and_no_address_kept_before_the_mail_is_confirmed(sent):
    first, second = _ask(), _ask(email="other@example.com")

    assert services.provision(first.pk).state == Signup.State.MAILED
    _confirm(second)
    with pytest.raises(AddressTakenError):
        _confirm(first)
    other = _confirm(first, subdomain="delta-perth")

    assert sent == [str(second.pk), str(first.pk)]
    assert (other.state, other.subdomain) == (Signup.State.REQUESTED, "delta-perth")


def test_addresses_that_look_the_same_cannot_both_be_reserved(sent):
    first, second = _ask(subdomain="corner"), _ask(subdomain="comer")
    _confirm(first)

    with pytest.raises(SubdomainError):
        _confirm(second)
    with public_scope():
        assert Signup.objects.get(pk=second.pk).state == Signup.State.MAILED


def test_a_link_followed_twice_changes_nothing_the_second_time(sent):
    wish = _ask()
    _confirm(wish)

    again = _confirm(wish, password="somebody else entirely")

    assert sent == [str(wish.pk)]
    assert check_password(PASSWORD, again.password_hash)


def test_forged_and_late_links_are_closed(monkeypatch):
    wish = _ask()
    late = token_of(wish.pk)

    with pytest.raises(LinkClosedError), public_scope():
        services.awaited(late[:-2] + ("aa" if late[-2:] != "aa" else "bb"))
    now = timezone.now().timestamp()
    monkeypatch.setattr("time.time", lambda: now + offer().sign_up.link_hours * 3600 + 60)
    with pytest.raises(LinkClosedError), public_scope():
        services.awaited(late)


def test_a_message_delivered_twice_makes_one_clinic(sent):
    wish = _confirm(_ask())
    services.provision(wish.pk)

    services.provision(wish.pk)

    with public_scope():
        assert Tenant.objects.filter(subdomain="delta").count() == 1


def test_a_worker_that_died_half_way_is_followed_by_one_that_finishes(sent, monkeypatch):
    wish = _confirm(_ask())

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("tenants.migrate.build_schema", die)
        with pytest.raises(KeyboardInterrupt):
            services.provision(wish.pk)

    assert services.provision(wish.pk).state == Signup.State.READY


def test_what_nobody_comes_back_to_is_forgotten_and_closed(superuser):
    """A clinic that was entered stays; one nobody ever entered is closed, and a wish forgotten."""
    rules = offer().sign_up
    made = [
        _confirm(_ask(subdomain=name, email=f"{name}@example.com")) for name in ("used", "left")
    ]
    for wish in made:
        services.provision(wish.pk)
    forgotten = _ask(subdomain="never-confirmed")
    superuser.execute("UPDATE signup_signup SET changed_at = now() - interval '90 days'")
    with public_scope():
        used, left = (Tenant.objects.get(subdomain=wish.subdomain) for wish in made)
    with tenant_scope(used):
        User.objects.update(last_login=timezone.now())
    now = timezone.now()

    assert sweeping.forget_unconfirmed(now=now) == 0
    assert sweeping.forget_unconfirmed(now=now + timedelta(days=rules.forget_days + 1)) == 1
    assert sweeping.sweep_unused(now=now) == 1
    assert sweeping.sweep_unused(now=now) == 0, "one is asked for already"

    with public_scope(using="owner"):
        job = Job.objects.get(kind="sweep")
    jobs.run(job.pk)
    with public_scope():
        states = dict(Tenant.objects.values_list("subdomain", "state"))
        assert not Signup.objects.filter(pk=forgotten.pk).exists()
        reason = Tenant.objects.get(pk=left.pk).state_reason
    assert (states["used"], states["left"]) == (Tenant.State.ACTIVE, Tenant.State.ARCHIVED)
    assert "Nobody has signed in" in reason


def test_a_clinic_somebody_enters_at_the_last_moment_is_not_swept(superuser):
    wish = _confirm(_ask())
    services.provision(wish.pk)
    superuser.execute("UPDATE signup_signup SET changed_at = now() - interval '90 days'")
    sweeping.sweep_unused(now=timezone.now())
    with public_scope(using="owner"):
        job, clinic = Job.objects.get(kind="sweep"), Tenant.objects.get(subdomain="delta")
    with tenant_scope(clinic):
        User.objects.update(last_login=timezone.now())

    jobs.run(job.pk)

    with public_scope(using="owner"):
        job.refresh_from_db()
        clinic.refresh_from_db()
    assert (job.state, clinic.state) == (Job.State.FAILED, Tenant.State.ACTIVE)


def test_the_web_role_sees_no_operator_through_the_shared_tables():
    from django.db import DatabaseError

    with pytest.raises(DatabaseError), public_scope():
        list(User.objects.all())
