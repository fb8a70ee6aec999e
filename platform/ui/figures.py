"""The figures beside what stands on every page: all of them counted by one question a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet

    Rows = Callable[[Any], QuerySet[Any]]
    """The rows to be counted for the person signed in: few, and found by an index."""


def counted(sources: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Answer how many rows each has, by key; what has none is left out."""
    counts = [
        rows.order_by()
        .annotate(figure=Value(key))
        .values("figure")
        .annotate(rows=Count("pk"))
        .values_list("figure", "rows")
        for key, rows in sources.items()
        if not rows.query.is_empty()
    ]
    if not counts:
        return {}
    found = counts[0].union(*counts[1:], all=True) if len(counts) > 1 else counts[0]
    return {key: number for key, number in found if number}
