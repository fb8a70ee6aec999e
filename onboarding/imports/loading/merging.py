"""A record that changed in the file since it was last loaded, against a row people may have edited.

Each column is merged on its own: what nobody edited here takes the file's value; an edit made here
stays, and where the file has changed too that is told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from onboarding.imports.loading.writing import CHILDREN, MODELS, VOLATILE, Writer, differs
from onboarding.imports.models import RowChange
from onboarding.imports.values.issues import Issue
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from onboarding.imports.loading.building import Built
    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.loading.writing import Where

_KEPT = Issue("kept_edit", "Edited here since the last import: the edit is kept.")


def merge_record(
    writer: Writer, kind: str, row_id: uuid.UUID, built: Built, record: ReadRecord, place: Where
) -> bool:
    """Bring one row and what hangs on it up to the file; answers whether anything changed."""
    current = writer.images(kind, [row_id])[row_id]
    loaded = last_loaded([row_id]).get(row_id, current)
    changes: dict[str, Any] = {}
    for name, value in built.main.items():
        wanted = _plain(value)
        if wanted == current.get(name):
            continue
        if current.get(name) == loaded.get(name):
            changes[name] = value
        elif wanted != loaded.get(name):
            _note(record)
    if changes:
        writer.update(kind, row_id, changes, place)
    children = [
        _merge_children(writer, child, row_id, built.children[child], record, place)
        for child in CHILDREN
        if child in built.children
    ]
    return bool(changes) or any(children)


def last_loaded(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """Answer each row as an import last wrote it."""
    rows = (
        RowChange.objects.filter(target_id__in=list(ids), after__isnull=False)
        .order_by("target_id", "-id")
        .distinct("target_id")
        .values_list("target_id", "after")
    )
    return dict(rows)


def _merge_children(
    writer: Writer,
    kind: str,
    owner: uuid.UUID,
    wanted: Sequence[Mapping[str, Any]],
    record: ReadRecord,
    place: Where,
) -> bool:
    model = MODELS[kind]
    ids = list(model._default_manager.filter(Q(patient_id=owner)).values_list("pk", flat=True))
    images, loaded = writer.images(kind, ids), last_loaded(ids)
    missing = {_key(row): row for row in wanted}
    changed = False
    for row_id, image in images.items():
        key = _key({name: image[name] for name in (wanted[0] if wanted else {}) if name in image})
        if missing.pop(key, None) is not None:
            continue
        if row_id not in loaded:
            continue
        if differs(image, loaded[row_id]):
            _note(record)
            continue
        writer.delete(kind, row_id, place)
        changed = True
    fresh = [
        {**row, "id": uuid7(), "patient_id": owner}
        for row in missing.values()
        if not _was_removed_here(kind, owner, row)
    ]
    writer.insert(kind, fresh, [place] * len(fresh))
    return changed or bool(fresh)


def _was_removed_here(kind: str, owner: uuid.UUID, row: Mapping[str, Any]) -> bool:
    """True where an import had brought the very same row and a person has deleted it since."""
    images = RowChange.objects.filter(
        target_type=kind, action=RowChange.Action.CREATED, after__patient_id=str(owner)
    ).values_list("after", flat=True)
    return any(_key({name: image.get(name) for name in row}) == _key(row) for image in images)


def _key(row: Mapping[str, Any]) -> str:
    return json.dumps(
        {name: value for name, value in row.items() if name not in VOLATILE},
        sort_keys=True,
        cls=DjangoJSONEncoder,
    )


def _plain(value: Any) -> Any:
    """Answer the value as a row's image holds it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def _note(record: ReadRecord) -> None:
    if not any(issue.code == _KEPT.code for issue in record.issues):
        record.note("family_name", _KEPT)
