"""What stands at the head of a record: banners that must not be missed, and facts.

Each app registers its own from its `AppConfig.ready`; see `register`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connections
from django.utils import timezone

from accounts.permissions import may
from tenants.scope import current_scope

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


@dataclass(frozen=True)
class _Registered:
    permission: str
    ask: Source
    rows: str


_sources: dict[str, _Registered] = {}


def register(
    key: str, source: Source, *, permission: str = "patients.view", rows: str = ""
) -> None:
    """Add a source; the same key again replaces it.

    `source(actor, patient, now)` answers facts and banners; it is asked for each page of a record and
    for each drawer of the diary, so it must not cost more than one small query. Whoever lacks the
    permission (written as in the menus) is not shown what it says, and the source is not asked.

    `rows` names the rows without which it says nothing, such as `problems_allergy WHERE patient_id =
    %(patient)s`: constant SQL of one table, found by an index. One question then asks for all sources
    at once whether there are any, and those without are not asked: most patients have few.
    """
    _sources[key] = _Registered(permission, source, rows)


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
    open_to = {key: one for key, one in _sources.items() if may(actor, one.permission)}
    silent = _without_rows(patient, {key: one.rows for key, one in open_to.items() if one.rows})
    return [
        item
        for key, one in open_to.items()
        if key not in silent
        for item in one.ask(actor, patient, now)
    ]


def _without_rows(patient: Patient, rows: dict[str, str]) -> set[str]:
    """Answer the sources that have nothing to say of the patient: one question for all of them."""
    if not rows:
        return set()
    asked = ", ".join(f"EXISTS (SELECT FROM {words})" for words in rows.values())
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(f"SELECT {asked}", {"patient": patient.pk})
        found = cursor.fetchone()
    return {key for key, is_there in zip(rows, found, strict=True) if not is_there}
