"""From a form on the public page to a clinic with its owner in it.

The clinic is built only after its owner has followed the mailed link: no mail address, no clinic, so
that nobody fills the database with clinics of nobody, nor keeps an address from whoever wants it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from onboarding.signup import legal
from onboarding.signup.addresses import AddressTakenError, check_address, skeleton
from onboarding.signup.links import LinkClosedError, signup_id_of
from onboarding.signup.models import Signup
from onboarding.subscription.offer import offer
from tenants.lifecycle import SubdomainError, create_tenant, finish_creation
from tenants.migrate import OWNER
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

State = Signup.State


def ask_for_clinic(
    *, clinic_name: str, subdomain: str, owner_name: str, email: str, time_zone: str
) -> Signup:
    """Keep the wish and mail its link; raises SubdomainError for an address that cannot be had.

    The same happens whether or not anybody knows the mail address.
    """
    signup = Signup.objects.create(
        clinic_name=clinic_name,
        subdomain=check_address(subdomain),
        owner_name=owner_name,
        email=email.strip().lower(),
        time_zone=time_zone,
    )
    mail_link(signup)
    return signup


def mail_link(signup: Signup) -> None:
    """Mail the link, once more if need be; a sign-up that is confirmed gets none."""
    from onboarding.signup.tasks import send_link

    if signup.state == State.MAILED:
        transaction.on_commit(lambda: send_link.delay(str(signup.pk)))


def awaited(token: str) -> Signup:
    """Answer whose link was followed, confirmed or not; raises LinkClosedError."""
    found: Signup | None = Signup.objects.filter(pk=signup_id_of(token)).first()
    if found is None:
        raise LinkClosedError("This sign-up has been forgotten. Sign up once more.")
    return found


def confirm(token: str, *, subdomain: str, password: str, address: str) -> Signup:
    """Take the owner's password and agreement, reserve the address, send the work on its way.

    Followed twice, the second finds the work under way. Raises LinkClosedError, SubdomainError.
    """
    from onboarding.signup.tasks import provision_clinic

    signup: Signup = Signup.objects.select_for_update().get(pk=awaited(token).pk)
    if signup.state not in {State.MAILED, State.FAILED}:
        return signup
    signup.subdomain = check_address(subdomain)
    signup.skeleton = skeleton(signup.subdomain)
    signup.password_hash = make_password(password)
    signup.verified_at = signup.accepted_at = timezone.now()
    signup.accepted_from = address or None
    signup.terms_version = legal.TERMS.current.name
    signup.agreement_version = legal.AGREEMENT.current.name
    signup.state, signup.error = State.REQUESTED, ""
    try:
        with transaction.atomic():
            signup.save()
    except IntegrityError:
        raise AddressTakenError(
            f"“{signup.subdomain}” has just been taken. Choose another address."
        ) from None
    transaction.on_commit(lambda: provision_clinic.delay(str(signup.pk)))
    return signup


def provision(signup_id: UUID | str) -> Signup:
    """Build the clinic of a sign-up and put its owner in. Safe to run again after any crash."""
    signup = _advance(signup_id, State.BUILDING)
    if signup.state != State.BUILDING:
        return signup
    try:
        tenant = _clinic_of(signup)
        signup = _advance(signup_id, State.STAFFING, clinic_id=tenant.pk)
        _open_trial(tenant, signup)
        with tenant_scope(tenant, actor=Actor(label="sign-up")):
            _staff(signup)
    except SubdomainError as error:
        return _advance(signup_id, State.FAILED, error=str(error), password_hash="")
    return _advance(signup_id, State.READY, password_hash="")


def _staff(signup: Signup) -> None:
    """Make the owner, and put on the clinic's own record what they have agreed to."""
    owner, is_new = User.objects.get_or_create(
        email=signup.email,
        defaults={
            "name": signup.owner_name,
            "role": User.Role.OWNER,
            "password": signup.password_hash,
        },
    )
    if is_new:
        record(
            "terms.accepted",
            object_type="accounts_user",
            object_id=str(owner.pk),
            payload={
                "terms": signup.terms_version,
                "data_processing_agreement": signup.agreement_version,
                "at": signup.accepted_at,
                "address": signup.accepted_from or "",
                "by": signup.email,
            },
        )


def _open_trial(tenant: Tenant, signup: Signup) -> None:
    """Say since when the owner's mail is proved and until when the trial goes; once."""
    trial = offer().trial
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=tenant.pk, verified_at=None).update(
            verified_at=signup.verified_at,
            plan=trial.plan,
            trial_ends_at=timezone.now() + timedelta(days=trial.days),
        )


def _clinic_of(signup: Signup) -> Tenant:
    with public_scope(using=OWNER):
        found = (
            Tenant.objects.filter(pk=signup.clinic_id).first()
            if signup.clinic_id
            else Tenant.objects.filter(
                subdomain=signup.subdomain, state=Tenant.State.CREATING
            ).first()
        )
    if found is not None:
        return finish_creation(found)
    return create_tenant(
        name=signup.clinic_name, subdomain=signup.subdomain, time_zone=signup.time_zone
    )


def _advance(signup_id: UUID | str, state: str, **changes: object) -> Signup:
    """Move a confirmed sign-up on; one that is done, stopped or not confirmed stays as it is."""
    with public_scope():
        signup = Signup.objects.select_for_update().get(pk=signup_id)
        if signup.state not in Signup.BUILDING_STATES:
            return signup
        signup.state = state
        for name, value in changes.items():
            setattr(signup, name, value)
        signup.save()
    return signup
