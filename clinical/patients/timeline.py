"""A patient's timeline: what every app knows of them, newest first, in pages.

Each app registers a source from its `AppConfig.ready`. One page costs one query for each source
that the person may see, whatever there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import DateTimeField, F, Func, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.permissions import may

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from django.db.models import Expression, Model, QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

PAGE_SIZE = 40
_SEPARATOR = "~"


@dataclass(frozen=True)
class Line:
    """How a source words one of its rows.

    `url_name` takes `pk`; `pill` is label, tone and icon.
    """

    title: str
    url_name: str
    pk: UUID
    by: str = ""
    text: str = ""
    pill: tuple[str, str, str] | None = None

    @property
    def url(self) -> str:
        return reverse(self.url_name, kwargs={"pk": self.pk})


@dataclass(frozen=True)
class Source:
    """One kind of entries.

    `rows` answers the patient's rows that the actor may see, with `moment` (when, as timestamptz)
    and, where that may be missing, `is_dated` as annotations; `word` puts a row into words.
    """

    key: str
    label: str
    icon: str
    permission: str
    rows: Callable[[User, Patient], QuerySet[Any]]
    word: Callable[[Any], Line]
    has_time: bool = False


@dataclass(frozen=True)
class Entry:
    """One row of the timeline."""

    source: Source
    moment: datetime
    is_dated: bool
    line: Line

    @property
    def day(self) -> date:
        """Answer the day on the practice's clocks."""
        return timezone.localdate(self.moment)

    @property
    def heading(self) -> str:
        """Group by year; what is still to come stands above."""
        return "To come" if self.moment > timezone.now() else str(self.day.year)


@dataclass(frozen=True)
class Edge:
    """Where a page ends: the next begins below it."""

    moment: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}{_SEPARATOR}{self.id}"

    @classmethod
    def read(cls, written: str) -> Edge | None:
        """Read an edge from an address; answers None for what is none."""
        moment, _, pk = written.partition(_SEPARATOR)
        try:
            edge = cls(datetime.fromisoformat(moment), UUID(pk))
        except ValueError:
            return None
        return edge if timezone.is_aware(edge.moment) else None


@dataclass(frozen=True)
class TimelinePage:
    entries: Sequence[Entry]
    sources: Sequence[Source]
    """Those that the person may see."""
    older: Edge | None


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source; the same key again replaces it."""
    _sources[source.key] = source


def start_of_day(column: str) -> Expression:
    """Answer the moment when a date began on the practice's clocks."""
    plain = Cast(column, TextField())
    local = Func(plain, Value("YYYY-MM-DD"), function="to_timestamp", output_field=DateTimeField())
    zone = Value(timezone.get_current_timezone_name())
    return Func(
        zone,
        Func(Value("UTC"), local, function="timezone"),
        function="timezone",
        output_field=DateTimeField(),
    )


def dated(rows: QuerySet[Any], moment: Expression | F) -> QuerySet[Any]:
    """Annotate `moment` and `is_dated`; a row without its own date stands where it was made."""
    has_date: Any = Q(own_moment__isnull=False)
    found: QuerySet[Any] = rows.annotate(own_moment=moment).annotate(
        moment=Coalesce("own_moment", "created_at"), is_dated=has_date
    )
    return found


def timeline_of(
    actor: User, patient: Patient, *, only: str = "", before: Edge | None = None
) -> TimelinePage:
    """Answer a page of what the actor may see, of one source where `only` is its key."""
    sources = [source for source in _sources.values() if may(actor, source.permission)]
    asked = [source for source in sources if source.key == only] or sources
    found: list[tuple[datetime, UUID, Source, Model]] = []
    for source in asked:
        rows = source.rows(actor, patient)
        if before is not None:
            is_older = Q(moment__lt=before.moment) | Q(moment=before.moment, id__lt=before.id)
            rows = rows.filter(is_older)
        newest = rows.order_by("-moment", "-id")[: PAGE_SIZE + 1]
        found += [(row.moment, row.pk, source, row) for row in newest]
    found.sort(key=lambda entry: entry[:2], reverse=True)
    shown = found[:PAGE_SIZE]
    entries = [
        Entry(source, moment, getattr(row, "is_dated", True), source.word(row))
        for moment, _, source, row in shown
    ]
    older = Edge(*shown[-1][:2]) if len(found) > PAGE_SIZE else None
    return TimelinePage(entries, sources, older)
