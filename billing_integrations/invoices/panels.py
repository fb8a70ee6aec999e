"""What other apps have to say on an invoice's page: where it is in Xero, what a claim lacks.

Each registers from its `AppConfig.ready`; its source answers panels at the cost of a small query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from accounts.models import User
    from billing_integrations.invoices.models import Invoice

    Source = Callable[[User, Invoice], Iterable["Panel"]]


@dataclass(frozen=True)
class Panel:
    """A line beside an invoice; `tone` is `info`, `success`, `warning` or `danger`."""

    title: str
    words: str = ""
    tone: str = "info"
    icon: str = ""
    url: str = ""
    url_label: str = "Open"


_sources: dict[str, Source] = {}


def register(key: str, source: Source) -> None:
    """Add a source; the same key again replaces it."""
    _sources[key] = source


def panels_of(actor: User, invoice: Invoice) -> list[Panel]:
    return [panel for source in _sources.values() for panel in source(actor, invoice)]


@dataclass(frozen=True)
class Block:
    """A part of the page with a template of its own: `facts` answers its context, or None."""

    key: str
    template: str
    facts: Callable[[User, Invoice], dict[str, Any] | None]
    order: int = 50


@dataclass(frozen=True)
class ShownBlock:
    """One block of one page: `{% include block.template with facts=block.facts %}`."""

    template: str
    facts: dict[str, Any]


_blocks: dict[str, Block] = {}


def register_block(block: Block) -> None:
    """Add a block; the same key again replaces it."""
    _blocks[block.key] = block


def blocks_of(actor: User, invoice: Invoice) -> list[ShownBlock]:
    """Answer the blocks of an invoice's page, in order."""
    found = []
    for block in sorted(_blocks.values(), key=lambda one: (one.order, one.key)):
        facts = block.facts(actor, invoice)
        if facts is not None:
            found.append(ShownBlock(block.template, facts))
    return found
