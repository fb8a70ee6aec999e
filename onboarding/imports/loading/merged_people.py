"""A record of the file whose person was merged with another here: two records, one patient.

Neither record alone says what the patient's row should hold, so only what has changed in the file
since its own last import is taken over, and only where the row still says what that import said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clinical.patients.models import Patient
from onboarding.imports.loading.merging import Merge, _key, _plain
from onboarding.imports.loading.writing import differs
from onboarding.imports.models import RowChange

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from onboarding.imports.loading.building import Built


def people_made_of_two() -> set[uuid.UUID]:
    """Answer the patients into whom another record was merged."""
    rows = Patient.everyone.values_list("merged_into", flat=True).distinct()
    return {goes_on for goes_on in rows if goes_on is not None}


@dataclass(frozen=True)
class MergedPersonMerge(Merge):
    """`before` is the record as it was last imported; `fills`: the mapping has changed since."""

    before: Built | None = None
    fills: bool = False

    def _merge_columns(self, wanted: Mapping[str, Any]) -> bool:
        current = self.standing.rows.get(self.row_id)
        if current is None:
            return False
        before = self.before.main if self.before else {}
        changes: dict[str, Any] = {}
        for name, value in wanted.items():
            new, old, now = _plain(value), _plain(before.get(name)), current.get(name)
            if name == "extra":
                merged = self._merge_extra(old or {}, new or {}, now or {})
                if merged != now:
                    changes[name] = merged
            elif new == old:
                if self.fills and new and not now:
                    changes[name] = value
            elif now == old and name != "is_archived":
                changes[name] = value
            elif now != new:
                self._note_kept()
        if changes:
            self.writer.update(self.kind, current, changes, self.place)
        return bool(changes)

    def _merge_extra(
        self, old: Mapping[str, str], new: Mapping[str, str], now: Mapping[str, str]
    ) -> dict[str, str]:
        """Follow each old field to where the merge put it: under its name, or beside the other's."""
        merged = dict(now)
        for label in {**old, **new}:
            if old.get(label) == new.get(label):
                continue
            places = [
                key
                for key in now
                if (key == label or key.startswith(f"{label} (patient "))
                and now[key] == old.get(label)
            ]
            place = places[0] if places else label
            if not places and label in now:
                self._note_kept()
            elif label in new:
                merged[place] = new[label]
            else:
                merged.pop(place, None)
        return merged

    def _merge_children(self, kind: str, wanted: Sequence[Mapping[str, Any]]) -> bool:
        """Bring up only the rows that this very record had brought; the other record's stay."""
        images = self.standing.children(kind, self.row_id)
        brought = self._brought(kind)
        names = list(wanted[0]) if wanted else []
        there = {_key({name: image.get(name) for name in names}) for image in images.values()}
        asked = {_key(row): row for row in wanted}
        changed = False
        for row_id, image in images.items():
            loaded = brought.get(row_id)
            if loaded is None or _key({name: image.get(name) for name in names}) in asked:
                continue
            if differs(kind, image, {**loaded, "patient_id": image["patient_id"]}):
                self._note_kept()
                continue
            self.writer.delete(kind, row_id, self.place)
            changed = True
        known = {_key({name: row.get(name) for name in names}) for row in brought.values()}
        fresh = [
            {**row, "id": self._new_id(), "patient_id": self.row_id}
            for key, row in asked.items()
            if key not in there and key not in known
        ]
        self.writer.insert(kind, fresh, [self.place] * len(fresh))
        return changed or bool(fresh)

    def _brought(self, kind: str) -> dict[uuid.UUID, Mapping[str, Any]]:
        """Answer the rows that imports of this record had made, whoever's they are now."""
        made = RowChange.objects.filter(
            target_type=kind,
            action=RowChange.Action.CREATED,
            table_id=self.place[0],
            record_id=self.place[1],
            run__source__key=self.writer.run.source.key,
        )
        return {row_id: after for row_id, after in made.values_list("target_id", "after") if after}

    @staticmethod
    def _new_id() -> uuid.UUID:
        from tenants.ids import uuid7

        return uuid7()
