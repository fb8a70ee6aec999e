"""What other apps have to say on an invoice's page: how it stands in the books, what a claim says.

panels.register(Panel("xero", "xero/_invoice.html", facts, order=10))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import User
    from billing_integrations.invoices.models import Invoice


@dataclass(frozen=True)
class Panel:
    """`facts` answers the template's context, or None where there is nothing to say."""

    key: str
    template: str
    facts: Callable[[User, Invoice], dict[str, Any] | None]
    order: int = 50


@dataclass(frozen=True)
class Shown:
    """One panel of one page: `{% include panel.template with facts=panel.facts %}`."""

    template: str
    facts: dict[str, Any]


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel from its app's `AppConfig.ready`; the same key again replaces it."""
    _panels[panel.key] = panel


def panels_of(actor: User, invoice: Invoice) -> list[Shown]:
    """Answer the panels of an invoice's page, in order."""
    found = []
    for panel in sorted(_panels.values(), key=lambda one: (one.order, one.key)):
        facts = panel.facts(actor, invoice)
        if facts is not None:
            found.append(Shown(panel.template, facts))
    return found
