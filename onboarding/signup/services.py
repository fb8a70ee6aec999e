"""From a form on the public page to a clinic with its owner in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.models import User
from onboarding.signup.models import Signup
from tenants.lifecycle import SubdomainError, check_subdomain, create_tenant, finish_creation
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

TERMS_VERSION = "2026-11"


def subdomain_is_free(subdomain: str) -> bool:
    """Say whether nobody has the address or is about to; the caller is in a shared scope."""
    return not (
        Tenant.objects.filter(subdomain=subdomain).exists()
        or Signup.objects.filter(subdomain=subdomain).exclude(state=Signup.State.FAILED).exists()
    )


def request_clinic(
    *, clinic_name: str, subdomain: str, owner_name: str, email: str, password: str, time_zone: str
) -> Signup:
    """Reserve the address and send the work on its way; raises SubdomainError where it is taken."""
    from onboarding.signup.tasks import provision_clinic

    subdomain = check_subdomain(subdomain)
    taken = SubdomainError(f"“{subdomain}” is taken by another clinic. Choose another address.")
    if not subdomain_is_free(subdomain):
        raise taken
    try:
        with transaction.atomic():
            signup = Signup.objects.create(
                clinic_name=clinic_name,
                subdomain=subdomain,
                owner_name=owner_name,
                email=email.strip().lower(),
                password_hash=make_password(password),
                time_zone=time_zone,
                terms_version=TERMS_VERSION,
            )
    except IntegrityError:
        raise taken from None
    transaction.on_commit(lambda: provision_clinic.delay(str(signup.pk)))
    return signup


def provision(signup_id: UUID | str) -> Signup:
    """Build the clinic of a sign-up and put its owner in. Safe to run again after any crash."""
    signup = _advance(signup_id, Signup.State.BUILDING)
    if signup.state == Signup.State.READY:
        return signup
    try:
        tenant = _clinic_of(signup)
        signup = _advance(signup_id, Signup.State.STAFFING, clinic_id=tenant.pk)
        with tenant_scope(tenant, actor=Actor(label="sign-up")):
            User.objects.get_or_create(
                email=signup.email,
                defaults={
                    "name": signup.owner_name,
                    "role": User.Role.OWNER,
                    "password": signup.password_hash,
                },
            )
    except SubdomainError as error:
        return _advance(signup_id, Signup.State.FAILED, error=str(error), password_hash="")
    return _advance(signup_id, Signup.State.READY, password_hash="")


def _clinic_of(signup: Signup) -> Tenant:
    with public_scope():
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
    with public_scope():
        signup = Signup.objects.select_for_update().get(pk=signup_id)
        if signup.state == Signup.State.READY:
            return signup
        signup.state = state
        for name, value in changes.items():
            setattr(signup, name, value)
        signup.save()
    return signup
