"""A record that changed in the file since it was last loaded, against a row people may have edited.

Each column is merged on its own: what nobody edited here takes the file's value; an edit made here
stays, and where the file has changed too that is told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder

from onboarding.imports.loading.writing import (
    CHILDREN,
    MODELS,
    VOLATILE,
    Writer,
    differs,
    row_images,
    volatile,
)
from onboarding.imports.models import RowChange
from onboarding.imports.values.issues import Issue
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid

    from onboarding.imports.loading.building import Built
    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.loading.writing import Where

_KEPT = Issue("kept_edit", "Edited here since the last import: the edit is kept.")


Image = Mapping[str, Any]
"""A row as a JSON object."""


@dataclass
class Standing:
    """How the rows of a batch stand here, and as imports last wrote them: asked once for all of them.

    The rows are locked, so whoever is editing one is waited for and the edit is seen.
    """

    kind: str
    ids: Sequence[uuid.UUID]
    rows: Mapping[uuid.UUID, Image] = field(init=False)
    loaded: Mapping[uuid.UUID, Image] = field(init=False)
    _children: dict[str, Mapping[uuid.UUID, Mapping[uuid.UUID, Image]]] = field(
        default_factory=dict
    )
    _loaded_children: dict[str, Mapping[uuid.UUID, Image]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = row_images(self.kind, self.ids, lock=True)
        self.loaded = last_loaded(self.ids)

    def children(self, kind: str, row_id: uuid.UUID) -> Mapping[uuid.UUID, Image]:
        """Answer the rows of a kind that hang on one of the batch's patients."""
        if kind not in self._children:
            rows = MODELS[kind]._default_manager.filter(patient_id__in=self.ids)
            owners = dict(rows.order_by("pk").values_list("pk", "patient_id"))
            images = row_images(kind, list(owners))
            found: dict[uuid.UUID, dict[uuid.UUID, Image]] = defaultdict(dict)
            for child, owner in owners.items():
                found[owner][child] = images[child]
            self._children[kind] = found
            self._loaded_children[kind] = last_loaded(list(owners), kind)
        return self._children[kind].get(row_id, {})

    def loaded_children(self, kind: str) -> Mapping[uuid.UUID, Image]:
        """Answer the same of what imports last wrote; `children` has been asked before."""
        return self._loaded_children[kind]


@dataclass(frozen=True)
class Merge:
    """One record of the file and the row it became."""

    writer: Writer
    kind: str
    row_id: uuid.UUID
    record: ReadRecord
    place: Where
    standing: Standing

    def bring_up(self, built: Built) -> bool:
        """Bring the row and what hangs on it up to the file; answers whether anything changed."""
        changed = self._merge_columns(built.main)
        for kind in CHILDREN:
            if kind in built.children:
                changed |= self._merge_children(kind, built.children[kind])
        return changed

    def _merge_columns(self, wanted: Mapping[str, Any]) -> bool:
        current = self.standing.rows.get(self.row_id)
        if current is None:  # deleted here this very moment
            return False
        loaded = self.standing.loaded.get(self.row_id, current)
        changes: dict[str, Any] = {}
        machine = volatile(self.kind)
        for name, value in wanted.items():
            if name == "lines":
                value = with_lines_from_elsewhere(value, current["lines"])  # noqa: PLW2901
            plain = _plain(value)
            if plain == current.get(name):
                continue
            if name in machine:
                if plain != loaded.get(name):
                    changes[name] = value
            elif current.get(name) == loaded.get(name):
                changes[name] = value
            elif plain != loaded.get(name):
                self._note_kept()
        if changes:
            self.writer.update(self.kind, current, changes, self.place)
        return bool(changes)

    def _merge_children(self, kind: str, wanted: Sequence[Mapping[str, Any]]) -> bool:
        """Delete what an import had brought and is gone, add what is new; people's own rows stay."""
        images = self.standing.children(kind, self.row_id)
        loaded = self.standing.loaded_children(kind)
        names = list(wanted[0]) if wanted else []
        missing = {_key(row): row for row in wanted}
        changed = False
        for row_id, image in images.items():
            known = missing.pop(_key({name: image.get(name) for name in names}), None)
            if known is not None or row_id not in loaded:
                continue
            if differs(kind, image, loaded[row_id]):
                self._note_kept()
                continue
            self.writer.delete(kind, row_id, self.place)
            changed = True
        fresh = [
            {**row, "id": uuid7(), "patient_id": self.row_id}
            for row in missing.values()
            if not self._was_removed_here(kind, row)
        ]
        self.writer.insert(kind, fresh, [self.place] * len(fresh))
        return changed or bool(fresh)

    def _was_removed_here(self, kind: str, row: Mapping[str, Any]) -> bool:
        """True where an import had brought the very same row and a person has deleted it since."""
        images = RowChange.objects.filter(
            target_type=kind,
            action=RowChange.Action.CREATED,
            table_id=self.place[0],
            record_id=self.place[1],
            after__patient_id=str(self.row_id),
        ).values_list("after", flat=True)
        return any(
            _key({name: image.get(name) for name in row}) == _key(row) for image in images if image
        )

    def _note_kept(self) -> None:
        if not any(issue.code == _KEPT.code for issue in self.record.issues):
            self.record.note(next(iter(self.record.values), ""), _KEPT)


def with_lines_from_elsewhere(
    own: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Answer the invoice's own lines and those that records of another table had added to it."""
    return [*own, *(line for line in now if "from" in line)]


def last_loaded(ids: Sequence[uuid.UUID], kind: str = "") -> dict[uuid.UUID, Mapping[str, Any]]:
    """Answer each row as an import last wrote it; only rows written as this kind, where one is given.

    A telephone number may be a field of the patient (`contact`) or a record of its own table
    (`contact_point`): the patient's record says nothing of the latter.
    """
    written = RowChange.objects.filter(target_id__in=list(ids), after__isnull=False)
    rows = (
        (written.filter(target_type=kind) if kind else written)
        .order_by("target_id", "-id")
        .distinct("target_id")
        .values_list("target_id", "after")
    )
    return {row_id: after for row_id, after in rows if after is not None}


def _key(row: Mapping[str, Any]) -> str:
    return json.dumps(
        {name: value for name, value in row.items() if name not in VOLATILE},
        sort_keys=True,
        cls=DjangoJSONEncoder,
    )


def _plain(value: Any) -> Any:
    """Answer the value as a row's image holds it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
