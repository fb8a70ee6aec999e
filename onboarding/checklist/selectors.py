"""How far the set-up is, as the clinic's rows have it: nothing of it is stored.

Rows of the demo data do not count: a clinic filled with it has set nothing up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onboarding.checklist.models import PutAside
from onboarding.checklist.steps import STEPS, Facts, Found, Step

if TYPE_CHECKING:
    from tenants.models import Tenant

CARD = "card"


@dataclass(frozen=True)
class Line:
    """One step as the page shows it."""

    step: Step
    found: Found
    is_skipped: bool

    @property
    def is_done(self) -> bool:
        return self.found.is_done

    @property
    def is_open(self) -> bool:
        return not self.is_done and not self.is_skipped


@dataclass(frozen=True)
class Setup:
    """All steps in order."""

    lines: tuple[Line, ...]

    @property
    def done(self) -> int:
        return sum(line.is_done for line in self.lines)

    @property
    def total(self) -> int:
        """Of steps that are left out only those count that are done all the same."""
        return sum(line.is_done or not line.is_skipped for line in self.lines)

    @property
    def words(self) -> str:
        return f"{self.done} of {self.total} done"

    @property
    def is_finished(self) -> bool:
        return not any(line.is_open for line in self.lines)

    @property
    def next_line(self) -> Line | None:
        return next((line for line in self.lines if line.is_open), None)


def setup_of(tenant: Tenant) -> Setup:
    """Look at the rows of the clinic in scope."""
    facts = Facts(tenant)
    aside = set(PutAside.objects.values_list("step", flat=True))
    return Setup(tuple(Line(step, step.look(facts), step.key in aside) for step in STEPS))


def wants_card() -> bool:
    """Answer whether the card is still wanted on the first page."""
    return not PutAside.objects.filter(step=CARD).exists()
