"""What stands at the head of a record: banners that must not be missed, and facts.

Each app registers its own from its `AppConfig.ready`; see `register`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.permissions import may

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

    Source = Callable[[User, Patient, datetime], Iterable["Fact | Banner"]]


@dataclass(frozen=True)
class Fact:
    """A figure or a word with its label, such as “Sessions left: 2 of 5”.

    `tone` is one of `warning`, `danger`, `success`, `info` or nothing; `note` stands beside it in small
    letters; `url` makes it a link.
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""
    url: str = ""
    order: int = 50
    in_drawer: bool = False


@dataclass(frozen=True)
class Banner:
    """What must be seen before anything is done: an allergy, a risk, a consent that is missing.

    `tone` is `danger`, `warning` or `info`. A `quiet` one takes one line only.
    """

    title: str
    text: str = ""
    tone: str = "warning"
    url: str = ""
    url_label: str = "Open"
    icon: str = ""
    order: int = 50
    quiet: bool = False
    in_drawer: bool = True


@dataclass(frozen=True)
class Header:
    """What the sources said, each kind in its order."""

    banners: list[Banner] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def pressing(self) -> Header:
        """Answer it without what can wait for the overview: a card that has run out, say."""
        kept = [one for one in self.banners if one.in_drawer or one.tone == "danger"]
        return Header(kept, self.facts)

    @property
    def quiet(self) -> list[Banner]:
        """Those that stand in one row."""
        return [banner for banner in self.banners if banner.quiet]


_sources: dict[str, tuple[str, Source]] = {}


def register(key: str, source: Source, *, permission: str = "patients.view") -> None:
    """Add a source; the same key again replaces it.

    `source(actor, patient, now)` answers facts and banners; it is asked for each page of a record and
    for each drawer of the diary, so it must not cost more than one small query. Whoever lacks the
    permission (written as in the menus) is not shown what it says, and the source is not asked.
    """
    _sources[key] = (permission, source)


def header_of(actor: User, patient: Patient, *, now: datetime | None = None) -> Header:
    """Answer all that the actor may see at the head of the patient's record."""
    return sorted_header(_asked(actor, patient, now or timezone.now()))


def drawer_items(actor: User, patient: Patient, now: datetime) -> list[Fact | Banner]:
    """Answer what of it belongs beside the diary too."""
    return [item for item in _asked(actor, patient, now) if item.in_drawer]


def sorted_header(items: Iterable[Fact | Banner]) -> Header:
    header = Header()
    for item in sorted(items, key=lambda item: item.order):
        if isinstance(item, Banner):
            header.banners.append(item)
        else:
            header.facts.append(item)
    return header


def _asked(actor: User, patient: Patient, now: datetime) -> list[Fact | Banner]:
    return [
        item
        for permission, source in _sources.values()
        if may(actor, permission)
        for item in source(actor, patient, now)
    ]
