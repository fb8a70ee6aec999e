"""Questions about the lists and the codes. Each takes the actor and answers only what they may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connections
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from clinical.patients.rules import visible_patients
from clinical.problems.kinds import KINDS, kind_of
from clinical.problems.models import (
    Allergy,
    Code,
    CodeList,
    EntryVersion,
    ListReview,
    Medication,
    NoKnownAllergies,
    Problem,
)
from clinical.problems.rules import may_read
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.problems.kinds import Kind

MOST_FOUND = 12
SHOWN_OF_A_LIST = 20
_CODE_LIKE = re.compile(r"[A-Za-z]{1,3}[0-9][0-9A-Za-z.+*/-]*")


@dataclass(frozen=True)
class Summary:
    """A patient's lists, what is past apart from what is now."""

    active_problems: Sequence[Problem]
    past_problems: Sequence[Problem]
    allergies: Sequence[Allergy]
    past_allergies: Sequence[Allergy]
    none_known: NoKnownAllergies | None
    medications: Sequence[Medication]
    past_medications: Sequence[Medication]
    errors: Sequence[tuple[Kind, Any]]
    reviews: dict[str, ListReview]


@dataclass(frozen=True)
class ShownVersion:
    """One wording of an entry: label and text, line by line."""

    version: EntryVersion
    lines: Sequence[tuple[str, str]]


def get_kind(slug: str) -> Kind:
    if slug not in KINDS:
        raise Http404("There is no such list.")
    return KINDS[slug]


def get_entry(actor: User, kind: Kind, pk: UUID) -> Any:
    """Answer an entry with its patient; raises Http404 for whom the actor may not see it."""
    if not may_read(actor):
        raise Http404("There is no such entry.")
    entries = kind.model.objects.filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type")
    return get_object_or_404(entries.select_related(*related), pk=pk)


def versions_of(entry: Any) -> list[ShownVersion]:
    """Answer what the entry said at each time, newest first, in the order of its form."""
    labels = kind_of(entry).fields.values()
    found = EntryVersion.objects.filter(entry_id=entry.pk).order_by("-at", "-id")[:100]
    return [
        ShownVersion(
            version,
            [(label, version.wording[label]) for label in labels if label in version.wording],
        )
        for version in found
    ]


def summary_of(actor: User, patient: Patient, *, today: date) -> Summary:
    """Answer all lists of a patient; five statements whatever there is."""
    if not may_read(actor):
        raise Http404("There is no such list.")
    found = {slug: list(kind.model.objects.filter(patient=patient)) for slug, kind in KINDS.items()}
    kept = {slug: [entry for entry in rows if not entry.is_error] for slug, rows in found.items()}
    problems, allergies = kept["problems"], kept["allergies"]
    taken = [m for m in kept["medications"] if m.until is None or m.until >= today]
    active = sorted(
        (a for a in allergies if a.status == Allergy.Status.ACTIVE),
        key=lambda a: (a.severity != Allergy.Severity.SEVERE, a.substance.casefold()),
    )
    none_known = NoKnownAllergies.objects.filter(patient=patient, withdrawn_at=None).first()
    reviews = ListReview.objects.filter(patient=patient).order_by("kind", "-at").distinct("kind")
    return Summary(
        active_problems=[p for p in problems if p.status == Problem.Status.ACTIVE],
        past_problems=[p for p in problems if p.status != Problem.Status.ACTIVE],
        allergies=active,
        past_allergies=[a for a in allergies if a.status != Allergy.Status.ACTIVE],
        none_known=None if active else none_known,
        medications=taken,
        past_medications=[m for m in kept["medications"] if m not in taken],
        errors=[(KINDS[slug], e) for slug, rows in found.items() for e in rows if e.is_error],
        reviews={review.kind: review for review in reviews},
    )


def severe_allergies(patient_ids: Iterable[UUID]) -> dict[UUID, list[Allergy]]:
    """Answer the active allergies of many patients, severe first; one statement."""
    rows = Allergy.objects.filter(
        patient__in=list(patient_ids), status=Allergy.Status.ACTIVE, is_error=False
    ).order_by("substance", "id")
    found: dict[UUID, list[Allergy]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append(row)
    return found


# ── codes ────────────────────────────────────────────────────────────────────────────────────────


def normalise_code(text: str) -> str:
    """Answer capitals and digits only: m54.5 and M54 5 compare equal."""
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())


def find_codes(typed: str, *, limit: int = MOST_FOUND) -> list[Code]:
    """Answer codes of the editions in use that begin like what was typed, or have all its words."""
    typed = typed.replace("\x00", "").strip()[:200]
    key = normalise_code(typed) if _CODE_LIKE.fullmatch(typed) else ""
    if len(typed) < 2:  # noqa: PLR2004 - one letter finds a tenth of all
        return []
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT code_id, place FROM search_codes(%s, %s, %s)", [typed, key, limit])
        places: dict[UUID, int] = dict(cursor.fetchall())
    codes = Code.objects.filter(pk__in=places).select_related("code_list")
    return sorted(codes, key=lambda code: places[code.pk])


def code_in_use(written: str) -> Code | None:
    """Answer the code of that id if its edition is in use."""
    try:
        pk = UUID(written)
    except ValueError:
        return None
    found = Code.objects.select_related("code_list")
    return found.filter(pk=pk, code_list__state=CodeList.State.IN_USE).first()


def code_lists() -> list[CodeList]:
    """Answer the editions, those in use first."""
    order = {"in_use": 0, "checking": 1, "retired": 2}
    return sorted(CodeList.objects.all(), key=lambda found: order[found.state])


def get_code_list(pk: UUID) -> CodeList:
    return get_object_or_404(CodeList, pk=pk)


def codes_of(code_list: CodeList, *, typed: str = "") -> list[Code]:
    """Answer the first codes of an edition, from a given beginning on."""
    codes = Code.objects.filter(code_list=code_list)
    key = normalise_code(typed)
    if key:
        codes = codes.filter(Q(key__gte=key))
    return list(codes.order_by("key")[:SHOWN_OF_A_LIST])
