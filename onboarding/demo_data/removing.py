"""Taking the demo data out: the rows that came with it, and nothing the clinic made itself.

What people of the clinic have made since may hang on a row of the demo: a visit booked with an invented
clinician. Such a row stays, with what it needs itself, and is the clinic's own from then on. What the
program made by itself about demo rows (a planned reminder, a summary) goes with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onboarding.demo_data import tables
from onboarding.demo_data.filling import ACTOR
from onboarding.demo_data.models import DemoTable
from onboarding.demo_data.selectors import ADOPTED, demo_keys, touched_by_people
from tenants.migrate import OWNER
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from tenants.jobs import Work

NAMED = {
    "patients_patient": "patients",
    "practice_practitioner": "clinicians",
    "practice_location": "locations",
    "practice_appointmenttype": "appointment types",
    "appointments_appointment": "visits",
}
"""What is counted for a person, of the rows that stay."""


@dataclass
class _Plan:
    """Which rows go and which stay; both by table."""

    going: tables.Keys
    staying: tables.Keys = field(default_factory=dict)

    def keep(self, table: str, keys: set[str]) -> bool:
        """Let rows of the demo stay; answers whether any of them was to go."""
        kept = keys & self.going.get(table, set())
        if not kept:
            return False
        self.going[table] -= kept
        self.staying.setdefault(table, set()).update(kept)
        return True


def remove(work: Work) -> None:
    """Take the demo data out, all of it in one transaction; safe to run again."""
    with tenant_scope(work.tenant, using=OWNER, actor=ACTOR):
        plan = _plan()
        total = sum(len(keys) for keys in plan.going.values())
        done = 0
        for table, keys in sorted(plan.going.items()):
            work.progress(done, total)
            if keys:
                tables.delete(table, keys)
            done += len(keys)
        DemoTable.objects.all().delete()
    work.progress(total, total)
    stays = {words: len(plan.staying.get(table, ())) for table, words in NAMED.items()}
    work.finish(rows=total, stays={words: count for words, count in stays.items() if count})


def _plan() -> _Plan:
    plan = _Plan(going=demo_keys())
    for table in ADOPTED:
        plan.keep(table, touched_by_people(table, plan.going.get(table, set()), "update"))
    _sort_strangers(plan)
    _keep_what_is_needed(plan)
    return plan


def _sort_strangers(plan: _Plan) -> None:
    """Say whose the rows are that came later and name one of the demo's.

    Made by a person: what they name stays. Made by the program: they go too, and so does what
    names them, which is why it is looked again until nothing more is found.
    """
    own: tables.Keys = {}
    found = True
    while found:
        found = False
        for reference in tables.references():
            keys = plan.going.get(reference.target)
            if not keys:
                continue
            known = plan.going.get(reference.table, set()) | plan.staying.get(
                reference.table, set()
            )
            named = [row for row in tables.referring(reference, keys) if row[0] not in known]
            if not named:
                continue
            by_people = own.setdefault(reference.table, set())
            by_people |= touched_by_people(
                reference.table, {row for row, _ in named}, "create", "update"
            )
            for row, key in named:
                if row in by_people:
                    found |= plan.keep(reference.target, {key})
                else:
                    plan.going.setdefault(reference.table, set()).add(row)
                    found = True


def _keep_what_is_needed(plan: _Plan) -> None:
    """Let stay what the rows that stay name themselves."""
    found = True
    while found:
        found = False
        for reference in tables.references():
            stays = plan.staying.get(reference.table)
            if stays and plan.going.get(reference.target):
                found |= plan.keep(reference.target, tables.named_by(reference, stays))
