"""The demo's operator, its two clinics and their staff, with log-ins that can be printed.

Run as a program by `nexus demo`, which must not load Django itself: it starts the database first.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import struct
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.stack.passwords import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenants.models import Tenant

CLINICS = {"alpha": "Alpha Allied Health", "beta": "Beta Podiatry"}
OPERATORS_HOST = "ops"
WITH_SECOND_FACTOR = frozenset({"owner", "admin", "operator"})
ASSIGNED_PARTICIPANTS = 3

_STAFF = {
    "alpha": {
        "owner": "Harriet Quill",
        "admin": "Tobias Renn",
        "clinician": "Mirela Oduya",
        "reception": "Jonty Faber",
        "billing": "Priska Vann",
        "coordinator": "Selwyn Achterberg",
    },
    "beta": {
        "owner": "Marlo Dunstane",
        "admin": "Ottilie Brandt",
        "clinician": "Kasimir Poole",
        "reception": "Wren Talbot-Iyer",
        "billing": "Fenella Groot",
        "coordinator": "Lazar Whitcombe",
    },
}


@dataclass(frozen=True, slots=True)
class Login:
    """One person of the demo. `host` is a clinic's subdomain or `ops`."""

    host: str
    role: str
    name: str
    email: str
    password: str
    totp_secret: str


def load_or_make_logins(path: Path) -> list[Login]:
    """The demo's log-ins; one password and one second factor for all, made for this machine."""
    if path.exists():
        return [Login(**kept) for kept in json.loads(path.read_text())]
    password = "-".join(["demo", *(secrets.token_hex(2) for _ in range(3))])
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    logins = [
        Login(OPERATORS_HOST, "operator", "Odette Marsh", "operator@example.com", password, secret)
    ]
    for host, staff in _STAFF.items():
        for role, name in staff.items():
            factor = secret if role in WITH_SECOND_FACTOR else ""
            logins.append(Login(host, role, name, f"{role}@{host}.example", password, factor))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps([asdict(login) for login in logins], indent=2))
    return logins


def code_now(secret: str, *, at: float | None = None) -> str:
    """The six digits an authenticator shows for a Base32 secret (RFC 6238, 30 s, SHA-1)."""
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def settle(logins: Sequence[Login]) -> None:
    """Make the operator, the clinics and their staff, or correct those that are there.

    Beta gets a made-up practice around today; alpha's comes from its FileMaker file.
    """
    from accounts.services.people import ensure_user
    from clinical.appointments.demo import fill_demo_clinic
    from onboarding.demo_data.records import fill_around_today, fill_demo_records
    from tenants.scope import Actor, platform_scope, tenant_scope

    actor = Actor(label="demo")
    for login in logins:
        person = {
            "email": login.email,
            "name": login.name,
            "role": login.role,
            "password": login.password,
            "totp_secret": login.totp_secret,
        }
        if login.host == OPERATORS_HOST:
            with platform_scope(actor=actor):
                ensure_user(**person)
        else:
            with tenant_scope(_clinic(login.host), actor=actor):
                ensure_user(**person)
    fill_demo_clinic(_clinic("beta"))
    fill_demo_records(_clinic("beta"))
    fill_around_today(_clinic("beta"))


def _clinic(subdomain: str) -> Tenant:
    from tenants.lifecycle import create_tenant, finish_creation
    from tenants.migrate import OWNER
    from tenants.models import Tenant
    from tenants.scope import public_scope

    with public_scope(using=OWNER):
        found = Tenant.objects.filter(subdomain=subdomain).first()
    if found is not None:
        return finish_creation(found)
    return create_tenant(name=CLINICS[subdomain], subdomain=subdomain)


def connect_people() -> None:
    """Give alpha's clinician a column of the imported diary and the coordinator participants."""
    from django.db.models import Count

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.patients.services import assign_coordinator
    from clinical.practice.models import Practitioner
    from onboarding.demo_data.records import fill_around_today
    from tenants.scope import Actor, tenant_scope

    with tenant_scope(_clinic("alpha"), actor=Actor(label="demo")):
        by_role = {user.role: user for user in User.objects.all()}
        clinician = by_role["clinician"]
        if not Practitioner.objects.filter(user=clinician).exists():
            free = Practitioner.objects.filter(user=None)
            busiest = free.annotate(load=Count("appointments")).order_by("-load", "name").first()
            if busiest is not None:
                busiest.user = clinician
                busiest.save(update_fields=["user"])
        for patient in Patient.objects.order_by("pk")[:ASSIGNED_PARTICIPANTS]:
            assign_coordinator(patient, actor=by_role["owner"], coordinator=by_role["coordinator"])
    fill_around_today(_clinic("alpha"))


def close_interrupted_imports() -> None:
    """Mark imports that an earlier start left at work as failed.

    Only for a database that just started: then nobody can be at work in it.
    """
    from onboarding.imports import runs
    from onboarding.imports.models import ImportRun
    from tenants.scope import Actor, tenant_scope

    actor = Actor(label="demo")
    clinic = _clinic("alpha")
    with tenant_scope(clinic, actor=actor):
        at_work = list(ImportRun.objects.filter(state__in=ImportRun.WORKING))
    for run in at_work:
        why = runs.ImportRefusedError("The platform was stopped in the middle of it.")
        runs.fail(clinic, run.pk, why, actor=actor)


def main(argv: Sequence[str] | None = None) -> int:
    """Do one part of the demo; each is safe to run again."""
    parser = argparse.ArgumentParser(prog="python -m config.demo_people", description=__doc__)
    parser.add_argument("part", choices=("settle", "tidy", "connect"))
    parser.add_argument("logins", type=Path)
    chosen = parser.parse_args(argv)

    import django

    django.setup()
    if chosen.part == "settle":
        settle(load_or_make_logins(chosen.logins))
    elif chosen.part == "tidy":
        close_interrupted_imports()
    else:
        connect_people()
    return 0


if __name__ == "__main__":
    sys.exit(main())
