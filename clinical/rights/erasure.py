"""What becomes of each table when a person's record is erased: most need nothing said.

A row that names the patient by a foreign key is erased, and so is what hangs on it by a required one; a
link that may be empty is emptied. New tables are found by themselves. What is different registers here,
from its app's `ready()`: rows that the law keeps, copies that no key leads to, tables that tell of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from uuid import UUID

    from clinical.rights.policy import Policy


def clinic_url(name: str, **kwargs: object) -> str:
    """Answer a page's path on the clinic's host; a worker has no request to know it from."""
    return reverse(name, urlconf=settings.CLINIC_URLCONF, kwargs=kwargs)


Row = tuple[str, str]
"""A table and a key in it, as text."""


@dataclass(frozen=True)
class Obstacle:
    """Why a record must not be erased now, and what can be done about it."""

    words: str
    url: str = ""


@dataclass
class Person:
    """Who is erased: the record's id and those of the records merged into it."""

    ids: list[UUID]
    policy: Policy
    today: date
    full_name: str = ""
    words: list[str] = field(default_factory=list)
    """By which the person is told from others: names, numbers, addresses, as they stand."""
    numbers: list[str] = field(default_factory=list)
    """Normalised ways to reach them that nobody else in the clinic has."""
    rows: dict[str, set[str]] = field(default_factory=dict)
    """Table → keys of what is erased."""

    @property
    def texts(self) -> list[str]:
        """Answer the ids as the database writes them in text."""
        return [str(pk) for pk in self.ids]

    @property
    def keys(self) -> list[str]:
        """Answer the keys of all erased rows that mean nothing elsewhere."""
        return sorted({key for keys in self.rows.values() for key in keys if len(key) == 36})  # noqa: PLR2004 - a UUID's letters

    @property
    def short_name(self) -> str:
        """What kept invoices call the person from now on."""
        return self.policy.reduced_name(self.full_name, place="invoices")


@dataclass(frozen=True)
class Part:
    """What one app has to say. Each function runs in the clinic's scope, as the schema's owner.

    `check` answers obstacles; `collect` names rows that no foreign key leads to; `reduce` changes what is
    kept until it tells of nobody, and answers which rows it changed, so that their history goes too.
    """

    name: str
    check: Callable[[Person], Iterable[Obstacle]] | None = None
    collect: Callable[[Person], Iterable[Row]] | None = None
    reduce: Callable[[Person], Iterable[Row]] | None = None


_parts: dict[str, Part] = {}
_kept: dict[str, str] = {}
_exempt: dict[str, str] = {}


def register(
    part: Part, *, kept: dict[str, str] | None = None, exempt: dict[str, str] | None = None
) -> None:
    """Add a part; the same name again replaces it.

    `kept`: table → the law by which its rows stay, reduced by the part. `exempt`: table → why nothing is
    done to it (it tells of nobody, or the part's `collect` and `reduce` look after it).
    """
    _parts[part.name] = part
    _kept.update(kept or {})
    _exempt.update(exempt or {})


def exempt(tables: dict[str, str]) -> None:
    """Say of tables that look as if they named a patient why nothing is done to them."""
    _exempt.update(tables)


def parts() -> list[Part]:
    return list(_parts.values())


def kept_tables() -> dict[str, str]:
    return dict(_kept)


def exempt_tables() -> dict[str, str]:
    return dict(_exempt)
