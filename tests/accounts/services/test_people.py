from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from accounts import services
from accounts.models import User
from accounts.rules import LastOwnerError, NotYourRoleError, OwnAccountError
from accounts.services.people import AddressTakenError, InvitationClosedError, NotInvitedError
from accounts.tokens import invitation_token
from tenants.scope import tenant_scope

Role = User.Role


@pytest.fixture
def owner(alpha, front):
    return front.add(alpha, "owner", email="olive@example.com", name="Olive Owner", factor=True)


@pytest.fixture
def admin(alpha, front):
    return front.add(alpha, "admin", email="adam@example.com", name="Adam Admin", factor=True)


def invite(actor, role="clinician", email="Carol@Example.com"):
    return services.invite_user(email=email, name="Carol Clark", role=role, actor=actor)


def test_somebody_invited_cannot_sign_in_before_they_have_joined(owner, alpha, front):
    with tenant_scope(alpha):
        person = invite(owner)
    browser = front.browser(alpha)

    front.give_password(browser, "carol@example.com", "")

    assert (person.state, person.email) == ("invited", "carol@example.com")
    assert not front.is_in(browser)


def test_joining_sets_the_password_and_closes_the_invitation(owner, in_alpha):
    token = invitation_token(invite(owner))

    person = services.accept_invitation(token, password="plum harbour lantern 7")

    assert person.state == "active"
    assert person.check_password("plum harbour lantern 7")
    with pytest.raises(InvitationClosedError):
        services.accept_invitation(token, password="plum harbour lantern 8")


def test_joining_with_a_guessable_password_is_refused(owner, in_alpha):
    token = invitation_token(invite(owner))

    with pytest.raises(ValidationError):
        services.accept_invitation(token, password="password1234")
    assert User.objects.get(email="carol@example.com").state == "invited"


def test_a_second_invitation_replaces_the_first(owner, in_alpha):
    person = invite(owner)
    first = invitation_token(person)

    services.resend_invitation(person, actor=owner)
    person.refresh_from_db()

    with pytest.raises(InvitationClosedError):
        services.accept_invitation(first, password="plum harbour lantern 7")
    assert services.accept_invitation(invitation_token(person), password="plum harbour lantern 7")


def test_an_invitation_of_one_clinic_opens_nothing_at_another(owner, alpha, beta):
    with tenant_scope(alpha):
        token = invitation_token(invite(owner))

    with tenant_scope(beta), pytest.raises(InvitationClosedError):
        services.accept_invitation(token, password="plum harbour lantern 7")


def test_an_invitation_runs_out_after_a_week(owner, in_alpha, monkeypatch):
    import time

    token = invitation_token(invite(owner))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7 * 24 * 3600 + 5)

    with pytest.raises(InvitationClosedError):
        services.accept_invitation(token, password="plum harbour lantern 7")


def test_a_cancelled_invitation_leaves_nobody_behind(owner, in_alpha):
    person = invite(owner)
    token = invitation_token(person)

    services.cancel_invitation(person, actor=owner)

    assert not User.objects.filter(email="carol@example.com").exists()
    with pytest.raises(InvitationClosedError):
        services.accept_invitation(token, password="plum harbour lantern 7")


def test_who_has_joined_has_no_invitation_to_send_or_cancel(owner, admin, in_alpha):
    with pytest.raises(NotInvitedError):
        services.resend_invitation(admin, actor=owner)
    with pytest.raises(NotInvitedError):
        services.cancel_invitation(admin, actor=owner)


def test_an_address_is_on_the_list_once(owner, in_alpha):
    invite(owner)

    with pytest.raises(AddressTakenError, match=r"carol@example\.com"):
        invite(owner, email="CAROL@example.com")


def test_the_same_address_may_work_at_two_clinics(alpha, beta, front):
    first = front.add(alpha, email="alice@example.com")
    second = front.add(beta, email="alice@example.com")

    assert first.pk != second.pk


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR])
def test_an_administrator_makes_neither_owners_nor_operators(role, admin, in_alpha):
    with pytest.raises(NotYourRoleError):
        invite(admin, role=role)


def test_reception_invites_nobody(alpha, front):
    reception = front.add(alpha, "reception")

    with tenant_scope(alpha), pytest.raises(NotYourRoleError):
        invite(reception)


def test_the_database_keeps_operators_out_of_clinics(in_alpha):
    with pytest.raises(IntegrityError, match="role_of_scope"), transaction.atomic():
        User.objects.create(email="op@example.com", name="Op", role=Role.OPERATOR)


def test_the_database_keeps_everybody_else_out_of_public(committed):
    from tenants.scope import platform_scope

    with pytest.raises(IntegrityError, match="role_of_scope"), platform_scope():
        User.objects.create(email="owner@example.com", name="Owner", role=Role.OWNER)


def test_an_address_is_stored_in_small_letters(in_alpha):
    with pytest.raises(IntegrityError, match="email_is_lower"), transaction.atomic():
        User.objects.create(email="Alice@example.com", name="Alice", role=Role.OWNER)


def test_an_administrator_does_not_touch_owners(owner, admin, in_alpha):
    for service in (
        services.deactivate_user,
        services.reactivate_user,
        services.reset_factor,
    ):
        with pytest.raises(NotYourRoleError):
            service(owner, actor=admin)
    with pytest.raises(NotYourRoleError):
        services.change_role(owner, role=Role.RECEPTION, actor=admin)
    with pytest.raises(NotYourRoleError):
        services.change_role(admin, role=Role.OWNER, actor=admin)


def test_the_last_owner_stays(owner, in_alpha):
    with pytest.raises(LastOwnerError, match="Olive Owner is the only owner"):
        services.change_role(owner, role=Role.ADMIN, actor=owner)
    with pytest.raises(LastOwnerError):
        services.deactivate_user(owner, actor=None)
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == (Role.OWNER, True)


def test_an_owner_who_has_not_joined_does_not_count(owner, in_alpha):
    invite(owner, role=Role.OWNER)

    with pytest.raises(LastOwnerError):
        services.change_role(owner, role=Role.ADMIN, actor=owner)


def test_of_two_owners_demoting_each_other_at_once_one_stays(committed, alpha, front):
    first = front.add(alpha, "owner", email="first@example.com")
    second = front.add(alpha, "owner", email="second@example.com")
    together, refused = threading.Barrier(2), []

    def demote(person, actor):
        try:
            with tenant_scope(alpha):
                person, actor = User.objects.get(pk=person.pk), User.objects.get(pk=actor.pk)
                together.wait()
                services.change_role(person, role=Role.ADMIN, actor=actor)
        except LastOwnerError:
            refused.append(person)
        connections.close_all()

    threads = [
        threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with tenant_scope(alpha):
        assert User.objects.filter(role=Role.OWNER).count() == 1
    assert len(refused) == 1


def test_nobody_deactivates_themselves(owner, admin, in_alpha):
    with pytest.raises(OwnAccountError):
        services.deactivate_user(admin, actor=admin)


def test_a_new_role_ends_the_sessions_and_counts_at_once(owner, alpha, front):
    browser = front.sign_in(alpha, "reception")

    with tenant_scope(alpha):
        services.change_role(browser.person, role=Role.CLINICIAN, actor=owner)

    assert not front.is_in(browser)


def test_the_same_role_again_ends_nothing(owner, alpha, front):
    browser = front.sign_in(alpha, "reception")

    with tenant_scope(alpha):
        services.change_role(browser.person, role=Role.RECEPTION, actor=owner)

    assert front.is_in(browser)


def test_a_role_changed_behind_our_back_ends_the_session_too(alpha, front):
    browser = front.sign_in(alpha, "reception")

    with tenant_scope(alpha):
        User.objects.filter(pk=browser.person.pk).update(role=Role.CLINICIAN)

    assert not front.is_in(browser)


def test_deactivation_shuts_out_at_once_and_letting_in_again_brings_nothing_back(
    owner, alpha, front
):
    browser = front.sign_in(alpha, "reception")

    with tenant_scope(alpha):
        services.deactivate_user(browser.person, actor=owner)
    out = not front.is_in(browser)
    with tenant_scope(alpha):
        services.reactivate_user(browser.person, actor=owner)

    assert out
    assert not front.is_in(browser)
    front.give_password(browser, browser.person.email)
    assert front.is_in(browser)


def test_known_people_are_made_once_and_corrected(alpha, front):
    from django_otp.plugins.otp_totp.models import TOTPDevice

    first = front.add(alpha, "admin", factor=True)
    with tenant_scope(alpha):
        device = TOTPDevice.objects.get()
    again = front.add(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        assert TOTPDevice.objects.get() == device
        assert again.pk == first.pk
        services.ensure_user(
            email="admin@example.com",
            name="Another",
            role=Role.CLINICIAN,
            password="another known password",
        )
        person = User.objects.get()
        assert (person.name, person.role) == ("Another", Role.CLINICIAN)
        assert person.check_password("another known password")
        assert not TOTPDevice.objects.exists()


def test_who_came_and_went_is_on_record(owner, alpha, events):
    with tenant_scope(alpha):
        person = invite(owner)
        services.accept_invitation(invitation_token(person), password="plum harbour lantern 7")
        services.change_role(person, role=Role.RECEPTION, actor=owner)
        services.deactivate_user(person, actor=owner)
        services.reactivate_user(person, actor=owner)

    assert events(alpha, "invitation", "role", "user.") == [
        ("invitation.sent", "ok"),
        ("invitation.accepted", "ok"),
        ("role.changed", "ok"),
        ("user.deactivated", "ok"),
        ("user.reactivated", "ok"),
    ]
