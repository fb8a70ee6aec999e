"""What an entity and its targets are, and how a target's text may be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENT, APPOINTMENT = "patient", "appointment"
LOCATION, PRACTITIONER = "location", "practitioner"
APPOINTMENT_TYPE, FUNDING_TYPE = "appointment_type", "funding_type"
REFERRER, PATIENT_CONTACT, CONTACT_POINT = "referrer", "patient_contact", "contact_point"
NOTE, LETTER, REMINDER, MESSAGE = "note", "letter", "reminder", "message"
DOCUMENT, IMAGE_BATCH, IMAGE = "document", "image_batch", "image"
INVOICE, INVOICE_LINE = "invoice", "invoice_line"


@dataclass(frozen=True, slots=True)
class Target:
    """One place a field's text can go.

    `kind` says how it is read; `many`: several fields may go there; `shape`: what its values look
    like (`shapes.py`); `alone`: values of that shape are enough to suggest it without a name;
    `rows`: each repetition is a value of its own, so that parallel repeating fields become rows.
    """

    name: str
    label: str
    kind: str
    words: str
    many: bool = False
    shape: str = ""
    alone: bool = False
    refers_to: str = ""
    group: str = ""
    rows: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record of ours. `order` is when it is loaded: what others refer to goes first.

    `needs` are the targets (parted by `|`) of which one must be mapped, each with its name in words;
    `many`: more than one table may be suggested for it.
    """

    name: str
    label: str
    plural: str
    order: int
    words: str
    noise: str
    targets: tuple[Target, ...]
    needs: tuple[tuple[str, str], ...] = ()
    many: bool = False

    @property
    def by_name(self) -> Mapping[str, Target]:
        return _by_name(self.targets)


@cache
def _by_name(targets: tuple[Target, ...]) -> Mapping[str, Target]:
    return {target.name: target for target in targets}


CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "text": (("", "as it stands"), ("first_line", "first line only")),
    "person": (("", "Given Surname, or Surname, Given"), ("family_first", "Surname Given")),
    "date": (("", "as the file writes dates"), ("DMY", "day month year"),
             ("MDY", "month day year"), ("YMD", "year month day")),
    "phone": (("", "every number found"), ("as_typed", "one number, as typed")),
    "reference": (("", "by number, then by name"), ("name", "by name only")),
}  # fmt: skip
CHOICES = {
    **CHOICES,
    "birth": CHOICES["date"],
    "timestamp": CHOICES["date"],
    "day": CHOICES["date"],
}
