"""Full-text search over what apps have registered: notes, letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Left
from django.utils.html import format_html, format_html_join

from accounts.permissions import may
from audit.services import record
from clinical.patients.rules import visible_patients
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from django.db.models import QuerySet
    from django.utils.safestring import SafeString

    from accounts.models import User
    from clinical.patients.models import Patient

MOST = 50
LONGEST_QUERY = 200
SHORTEST_WORD = 2
HEADLINED = 50_000
"""Letters of a text through which the words are looked for to show them."""
_BEGIN, _END, _GAP = "\ue000", "\ue001", " … "
_HEADLINE = (
    f"StartSel={_BEGIN}, StopSel={_END}, MaxFragments=2, MaxWords=24, MinWords=8, "
    f'FragmentDelimiter="{_GAP}"'
)


@dataclass(frozen=True)
class Source:
    """One kind of texts that are searched.

    `statement` calls its function with words, the beginning of the last word, a patient or NULL, and
    how many; it answers ids and the query. `rows` are those that the actor may see; `text` is the
    column in which the words are shown; `word` answers title, by-line and moment of a row.
    """

    key: str
    label: str
    icon: str
    permission: str
    statement: str
    text: str
    url_name: str
    rows: Callable[[User], QuerySet[Any]]
    word: Callable[[Any], tuple[str, str, datetime | date | None]]


@dataclass(frozen=True)
class Found:
    """One text that fits, with its words marked."""

    source: Source
    pk: UUID
    patient: Patient
    title: str
    by: str
    moment: datetime | date | None
    snippet: SafeString


@dataclass(frozen=True)
class Results:
    query: str
    found: Sequence[Found]
    is_cut: bool


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a kind of texts; the same key again replaces it."""
    _sources[source.key] = source


def sources_for(actor: User, only: str = "") -> list[Source]:
    permitted = [source for source in _sources.values() if may(actor, source.permission)]
    return [source for source in permitted if source.key == only] or permitted


def search_texts(
    text: str, *, actor: User, patient: Patient | None = None, only: str = ""
) -> Results:
    """Answer what fits and the actor may see, newest first in each kind; put it on record.

    Words are found in any form and order, the last one by its beginning; "…" is a phrase, a minus
    leaves a word out, `or` stands between choices.
    """
    query = " ".join(text.replace("\x00", "").split())[:LONGEST_QUERY]
    words, begins = _parted(query)
    found: list[Found] = []
    is_cut = False
    if words or begins:
        for source in sources_for(actor, only):
            part = _search(source, words, begins, actor, patient)
            is_cut = is_cut or len(part) >= MOST
            found += part
    if found:
        _record(found, patient)
    return Results(query, found, is_cut)


def _parted(query: str) -> tuple[str, str]:
    """Part the last word, which may be unfinished, from the others; not where operators are used."""
    if re.search(r'["\-]|\bor\b', query, re.IGNORECASE):
        return query, ""
    words = re.findall(r"\w+", query)
    if not words:
        return "", ""
    last = words[-1] if len(words[-1]) >= SHORTEST_WORD else ""
    return " ".join(words[:-1] if last else words), last


def _search(
    source: Source, words: str, begins: str, actor: User, patient: Patient | None
) -> list[Found]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(source.statement, [words, begins, patient.pk if patient else None, MOST])
        hits = cursor.fetchall()
    if not hits:
        return []
    places = {pk: at for at, (pk, _) in enumerate(hits)}
    wanted = Func(Value(hits[0][1]), template="(%(expressions)s)::tsquery")
    plain = Func(
        Left(F(source.text), HEADLINED), Value(_BEGIN + _END), Value(""), function="translate"
    )
    headline = Func(
        Value("english"), plain, wanted, Value(_HEADLINE),
        template="ts_headline(%(expressions)s)", arg_joiner=", ", output_field=TextField(),
    )  # fmt: skip
    rows = (
        source.rows(actor)
        .filter(pk__in=places, patient__in=visible_patients(actor))
        .select_related("patient")
        .defer("body", "extra")
        .annotate(snippet=headline)
    )
    return [_found(source, row) for row in sorted(rows, key=lambda row: places[row.pk])]


def _found(source: Source, row: Any) -> Found:
    title, by, moment = source.word(row)
    return Found(source, row.pk, row.patient, title, by, moment, marked(row.snippet))


def marked(snippet: str) -> SafeString:
    """Answer escaped HTML with <mark> around what the headline marked."""
    pieces = re.split(f"{_BEGIN}(.*?){_END}", snippet.replace("\n", " "))
    hits = (at % 2 == 1 for at in range(len(pieces)))
    parts = (_piece(piece, is_hit=hit) for piece, hit in zip(pieces, hits, strict=True))
    return format_html_join("", "{}", ((part,) for part in parts))


def _piece(text: str, *, is_hit: bool) -> Any:
    return format_html("<mark>{}</mark>", text) if is_hit else text


def _record(found: Sequence[Found], patient: Patient | None) -> None:
    """Put on record which texts were shown in part: what was typed is not kept."""
    record(
        "search",
        object_type="search",
        subject_id=str(patient.pk) if patient else "",
        payload={"found": [str(one.pk) for one in found]},
    )
