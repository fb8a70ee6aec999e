"""What people said of records that were set aside: laid over a record's text, never written into it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from onboarding.imports.loading.reading import Noted, Value
from onboarding.imports.mapping import FieldRule
from onboarding.imports.models import Correction
from onboarding.imports.payload import parse_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.models import StagedRecord

Kind = Correction.Kind
CHOSEN = "Chosen by hand"


class Corrections:
    """The corrections of one file, a batch of records at a time."""

    def __init__(self, source_key: str) -> None:
        self._key = source_key
        self._any = Correction.objects.filter(source_key=source_key).exists()
        self._of: dict[int, list[Correction]] = {}

    def open_batch(self, table_id: int, record_ids: Sequence[int]) -> None:
        """Fetch what was said of these records."""
        self._of = {}
        if not self._any:
            return
        for correction in Correction.objects.filter(
            source_key=self._key, table_id=table_id, record_id__in=record_ids
        ):
            self._of.setdefault(correction.record_id, []).append(correction)

    def left_out(self, staged: StagedRecord) -> str:
        """Answer why a person left the record out; "" where nobody did, or it has changed since."""
        for correction in self._of.get(staged.record_id, ()):
            if correction.kind == Kind.LEAVE_OUT and correction.payload_hash == staged.payload_hash:
                return f"Left out by {correction.made_by or 'a person'}: {correction.text}"
        return ""

    def corrected(self, staged: StagedRecord) -> Mapping[str, str]:
        """Answer the record's cells with the corrections that still fit laid over them."""
        cells = [c for c in self._of.get(staged.record_id, ()) if c.kind == Kind.CELL]
        fitting = {c.place: c.text for c in cells if staged.payload.get(c.place, "") == c.was}
        return {**staged.payload, **fitting} if fitting else staged.payload

    def settle(self, staged: StagedRecord, record: ReadRecord) -> None:
        """Put what was chosen by hand into the record, and tell which corrections no longer fit."""
        for correction in self._of.get(staged.record_id, ()):
            if correction.kind == Kind.CHOICE and correction.chosen_id is not None:
                chosen = Value(correction.chosen_id, FieldRule(0, correction.place), CHOSEN)
                record.values[correction.place] = [chosen]
            elif correction.kind == Kind.CELL:
                self._tell_if_outdated(staged, record, correction)

    @staticmethod
    def _tell_if_outdated(staged: StagedRecord, record: ReadRecord, correction: Correction) -> None:
        now = staged.payload.get(correction.place, "")
        if now not in {correction.was, correction.text}:
            field_id, _ = parse_key(correction.place)
            message = (
                "Corrected here before, and changed in the file since: the file's text is taken."
            )
            record.issues.append(Noted(field_id, "correction_outdated", message))


def chosen_id(value: object) -> UUID | None:
    """Answer the id where a person chose the row; None where the file's text is to be looked up."""
    return value if isinstance(value, UUID) else None
