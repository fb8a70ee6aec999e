"""Two records side by side: what they say alike, what differs, and what moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.formats import date_format

from clinical.patients.merging import CHOICES, JOINED, Choice
from clinical.patients.models import Patient
from clinical.patients.relations import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinical.patients.relations import Reference

SIDES = ("first", "second")
_ORDER = (
    "title", "given_names", "family_name", "preferred_name", "former_names", "date_of_birth", "sex",
    "gender", "pronouns", "location", "funding_type", "coordinator_name", "plan_start", "plan_end",
    "alerts", "notes", "xero_contact_id",
)  # fmt: skip
_SHOWN = {"patients_contactpoint", "patients_patientidentifier", "patients_address"}
"""What stands in lines of its own."""
_LABELS = {"sex": "Sex", "xero_contact_id": "Contact in Xero", "coordinator_name": "Coordinator"}


@dataclass(frozen=True)
class Line:
    """One field of both records as people read it; `chosen` is what is ticked at first."""

    name: str
    label: str
    first: str
    second: str
    chosen: str
    can_join: bool

    @property
    def differs(self) -> bool:
        return self.first != self.second


@dataclass(frozen=True)
class Side:
    """What hangs on one of the two records."""

    name: str
    patient: Patient
    contacts: list[str]
    identifiers: list[str]
    addresses: list[str]
    counts: list[str]
    weight: int


@dataclass(frozen=True)
class Comparison:
    """What a person needs to see to decide. `keep` is the side that goes on unless they choose."""

    first: Side
    second: Side
    lines: list[Line] = field(default_factory=list)
    keep: str = "first"

    @property
    def differing(self) -> list[Line]:
        return [line for line in self.lines if line.differs]

    @property
    def alike(self) -> list[Line]:
        return [line for line in self.lines if not line.differs and line.first]


def compare(first: Patient, second: Patient) -> Comparison:
    sides = (_side("first", first), _side("second", second))
    keep = max(sides, key=lambda side: (side.weight, -side.patient.number)).name
    names = [*_ORDER, *(name for name in CHOICES if name not in _ORDER)]
    lines = [_line(name, first, second, keep) for name in names]
    return Comparison(*sides, lines, keep)


def choice_of(sent: Mapping[str, str], *, keep: str) -> Choice:
    """Read the form: each field names the side that its value is taken from, or both."""
    other = SIDES[1 - SIDES.index(keep)]
    chosen = {name: sent.get(f"field_{name}", "") for name in CHOICES}
    return Choice(
        take=frozenset(name for name, side in chosen.items() if side == other),
        join=frozenset(name for name, side in chosen.items() if side == "both" and name in JOINED),
    )


def _line(name: str, first: Patient, second: Patient, keep: str) -> Line:
    model_field = Patient._meta.get_field(name)
    one, other = (_shown(patient, name) for patient in (first, second))
    chosen = keep
    if not one or not other:
        chosen = "second" if other else "first"
    elif name in {"alerts", "notes"}:
        chosen = "both"
    label = _LABELS.get(name) or str(model_field.verbose_name).capitalize()  # type: ignore[union-attr]
    return Line(name, label, one, other, chosen, can_join=name in JOINED and bool(one and other))


def _shown(patient: Patient, name: str) -> str:
    value: Any = getattr(patient, name)
    if isinstance(value, date):
        return date_format(value, "j M Y")
    if name == "sex":
        return str(patient.get_sex_display()) if value else ""
    return str(value) if value else ""


def _side(name: str, patient: Patient) -> Side:
    counts = _counts(patient)
    return Side(
        name,
        patient,
        contacts=[_with_label(p.value, p.label) for p in patient.points_in_order()],
        identifiers=[str(number) for number in patient.identifiers.all()],
        addresses=[str(address) for address in patient.addresses.all()],
        counts=[
            f"{count} {ref.label if count == 1 else ref.plural}"
            for ref, count in counts
            if ref.table not in _SHOWN
        ],
        weight=sum(count for _ref, count in counts),
    )


def _with_label(value: str, label: str) -> str:
    return f"{value} ({label})" if label else value


def _counts(patient: Patient) -> list[tuple[Reference, int]]:
    """Count what refers to the record, by kind, in one statement."""
    counted = [
        ref for ref in references() if not ref.kind_column and ref.table != "patients_patient"
    ]
    parts = [
        f'SELECT {place} AS place, count(*) FROM "{ref.table}" WHERE "{ref.column}" = %s'  # noqa: S608 - names of models
        for place, ref in enumerate(counted)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1", [patient.pk] * len(parts))
        found = dict(cursor.fetchall())
    return [(ref, found[place]) for place, ref in enumerate(counted) if found[place]]
