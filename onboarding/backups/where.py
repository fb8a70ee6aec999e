"""What the page “Where your data live” says of backups, drills and the nightly looks of this clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from onboarding.backups.rules import Policy
from onboarding.backups.selectors import of_running_clinic
from support.facts import UNKNOWN, Fact

if TYPE_CHECKING:
    from datetime import datetime

    from tenants.models import Tenant

_TONES = {"green": "success", "amber": "warning", "red": "danger"}


def backups(_tenant: Tenant) -> list[Fact]:
    """Answer when the clinic was last backed up and rehearsed, and what the nightly looks found."""
    kept = of_running_clinic()
    facts = [Fact("Last backup", UNKNOWN, "None is on record.", "warning")]
    if kept.backup is not None and kept.backup.as_of is not None:
        done = kept.backup
        sealed = ", ".join(str(one) for one in done.sealed_for) or "nobody"
        checked = "read back and the same" if done.is_verified else "not read back yet"
        facts = [
            Fact(
                "Last backup", _moment(kept.backup.as_of), f"{filesizeformat(done.size)}, {checked}"
            ),
            Fact("Opened by", sealed, "Nobody else can read it."),
        ]
    drill = kept.drill
    facts.append(
        Fact("Last rehearsal of a restore", UNKNOWN, "None is on record.")
        if drill is None
        else Fact(
            "Last rehearsal of a restore",
            _moment(drill.at),
            drill.words,
            "success" if drill.is_green else "danger",
        )
    )
    policy = Policy()
    keeping = f"{policy.daily} days, {policy.weekly} weeks, {policy.monthly} months"
    facts.append(Fact("Kept", keeping, "The newest backup of each; the operator may keep more."))
    return facts


def looks(_tenant: Tenant) -> list[Fact]:
    """Answer the newest nightly look at each thing, the walls between clinics among them."""
    checks = of_running_clinic().checks
    if not checks:
        return [Fact("Walls between clinics", UNKNOWN, "No nightly look is on record.")]
    return [
        Fact(
            one.check_name.replace("_", " ").capitalize(),
            _moment(one.at),
            one.words,
            _TONES[one.result],
        )
        for one in checks
    ]


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%-d %b %Y, %H:%M}"
