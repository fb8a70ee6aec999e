"""Making two records of one person one, and two again.

The record that is merged away stays, hidden, and names the one that goes on. Whatever referred to it
refers to that one from then on; each row that moved is remembered, so the way back is exact.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.db.models import Count

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.patients.models import DuplicateCandidate, MergedRow, Patient, PatientMerge
from clinical.patients.relations import Reference, reference, references
from clinical.patients.services import FIELDS, PatientChangedError, PatientError
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User

CHOICES = (*sorted(FIELDS), "xero_contact_id")
"""What a person chooses from either record."""
JOINED = frozenset({"alerts", "notes", "former_names", "coordinator_name"})
"""Fields that can hold what both records say."""
_GLUE = {"former_names": ", ", "coordinator_name": ", "}
SELF = ("patients_patient", "merged_into_id")


class AlreadyMergedError(PatientError):
    """One of the two has been merged by somebody in the meantime."""


class CannotUnmergeError(PatientError):
    """The merge cannot be taken back now; the message says what has to be done before."""


@dataclass(frozen=True)
class Choice:
    """What a person decided for a merge: fields taken from the other record, fields joined of both."""

    take: frozenset[str] = frozenset()
    join: frozenset[str] = frozenset()


@transaction.atomic
def merge_patients(
    winner: Patient, loser: Patient, *, actor: User, at: datetime, choice: Choice | None = None
) -> PatientMerge:
    """Make `loser` part of `winner`: what refers to it moves, it stays hidden behind `winner`.

    Both are given as the actor read them: raises PatientChangedError where one has changed since,
    AlreadyMergedError where one is part of another record by now.
    """
    require(actor, Action.CHANGE, Resource.PATIENTS)
    if winner.pk == loser.pk:
        raise PatientError("Choose two different records.")
    kept, gone = _locked(winner, loser)
    changed = _bring_together(kept, gone, choice or Choice())
    merge = PatientMerge.objects.create(
        winner=kept, loser=gone, merged_at=at, merged_by=actor.name or actor.email, changed=changed
    )
    for found in references():
        _move(merge, found)
    gone.merged_into = kept
    gone.save(update_fields=["merged_into", "changed_at"])
    kept.save()
    _decide(kept.pk, gone.pk, DuplicateCandidate.State.MERGED, actor=actor, at=at)
    _record("patient.merge", merge)
    return merge


@transaction.atomic
def unmerge_patients(merge: PatientMerge, *, actor: User, at: datetime) -> PatientMerge:
    """Make two records of them again, exactly, except what was edited since: that is in `left`."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    kept, gone = _in_order(merge.winner_id, merge.loser_id)
    merge = PatientMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        raise CannotUnmergeError("This merge has been taken back already.")
    if kept.merged_into_id is not None:
        raise CannotUnmergeError(
            f"{kept.full_name} has itself been merged into another record since. "
            "Take that merge back first."
        )
    left = [*_put_fields_back(kept, merge.changed), *_move_back(merge), *_added_since(merge)]
    gone.merged_into = None
    gone.save(update_fields=["merged_into", "changed_at"])
    kept.save()
    merge.undone_at, merge.undone_by, merge.left = at, actor.name or actor.email, left
    merge.save(update_fields=["undone_at", "undone_by", "left"])
    _decide(kept.pk, gone.pk, DuplicateCandidate.State.OPEN, actor=None, at=None)
    _record("patient.unmerge", merge, left=len(left))
    return merge


@transaction.atomic
def tell_apart(first: Patient, second: Patient, *, actor: User, at: datetime) -> None:
    """Remember that the two are different people, whatever the search may find."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    _decide(first.pk, second.pk, DuplicateCandidate.State.NOT_THE_SAME, actor=actor, at=at)
    for one, other in ((first, second), (second, first)):
        record(
            "patient.not_the_same",
            object_type=Patient._meta.db_table,
            object_id=str(one.pk),
            subject_id=str(one.pk),
            payload={"other": str(other.pk)},
        )


@transaction.atomic
def ask_again(candidate: DuplicateCandidate, *, actor: User) -> None:
    """Take back that two were said to be different people."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    DuplicateCandidate.objects.filter(
        pk=candidate.pk, state=DuplicateCandidate.State.NOT_THE_SAME
    ).update(state=DuplicateCandidate.State.OPEN, decided_at=None, decided_by="")


# ── the two records ──────────────────────────────────────────────────────────────────────────────


def _in_order(*ids: UUID) -> list[Patient]:
    """Lock the records in order of id, so that two merges never wait for each other."""
    rows = Patient.everyone.filter(pk__in=ids).order_by("pk").select_for_update()
    by_id = {patient.pk: patient for patient in rows}
    if len(by_id) != len(ids):
        raise AlreadyMergedError("One of the two records is not here any more.")
    return [by_id[pk] for pk in ids]


def _locked(winner: Patient, loser: Patient) -> list[Patient]:
    current = _in_order(winner.pk, loser.pk)
    for now, seen in zip(current, (winner, loser), strict=True):
        if now.merged_into_id is not None:
            raise AlreadyMergedError(
                f"{now.full_name} has been merged by somebody else in the meantime."
            )
        if now.changed_at != seen.changed_at:
            raise PatientChangedError(
                f"{now.full_name} was changed by somebody else in the meantime. "
                "Look at the two records again and choose anew."
            )
    return current


def _bring_together(kept: Patient, gone: Patient, choice: Choice) -> dict[str, list[Any]]:
    """Set the chosen fields on the surviving record; answers each column before and after."""
    unknown = (choice.take | choice.join) - set(CHOICES)
    if unknown or choice.join - JOINED:
        raise TypeError(f"Not a field to choose: {', '.join(sorted(unknown | choice.join))}")
    before = _columns(kept)
    for name in choice.take:
        setattr(kept, name, getattr(gone, name))
    for name in choice.join:
        texts = dict.fromkeys(filter(None, (getattr(kept, name), getattr(gone, name))))
        setattr(kept, name, _GLUE.get(name, "\n").join(texts))
    kept.is_archived = kept.is_archived and gone.is_archived
    kept.extra = _joined_extra(kept, gone)
    after = _columns(kept)
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _joined_extra(kept: Patient, gone: Patient) -> dict[str, Any]:
    """Keep what both old records said; the other's word for the same field stands beside."""
    joined = dict(kept.extra)
    for label, text in gone.extra.items():
        if label not in joined:
            joined[label] = text
        elif joined[label] != text:
            joined[f"{label} (patient {gone.number})"] = text
    return joined


def _columns(patient: Patient) -> dict[str, Any]:
    names = [*CHOICES, "is_archived", "extra"]
    values = {name: patient.serializable_value(name) for name in names}
    return json.loads(json.dumps(values, cls=DjangoJSONEncoder))  # type: ignore[no-any-return]


def _put_fields_back(kept: Patient, changed: dict[str, list[Any]]) -> Iterable[dict[str, str]]:
    now = _columns(kept)
    for name, (before, after) in changed.items():
        field = Patient._meta.get_field(name)
        if now[name] != after:
            label = str(field.verbose_name)  # type: ignore[union-attr]
            yield {"what": label.capitalize(), "why": "was edited since the merge and stays"}
        else:
            setattr(kept, field.attname, field.to_python(before))  # type: ignore[union-attr]


# ── the rows ─────────────────────────────────────────────────────────────────────────────────────


def _move(merge: PatientMerge, found: Reference) -> None:
    """Move the rows that name the loser; where one of them is refused, the others all the same."""
    try:
        with transaction.atomic():
            _move_rows(merge, found)
    except IntegrityError:
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT "{found.key}"::text FROM "{found.table}" '  # noqa: S608 - names of models
                f'WHERE "{found.column}" = %s',
                [merge.loser_id],
            )
            keys = [key for (key,) in cursor.fetchall()]
        for key in keys:
            try:
                with transaction.atomic():
                    _move_rows(merge, found, only=key)
            except IntegrityError:
                continue  # it would repeat a row of the surviving record: it stays with the hidden one


def _move_rows(merge: PatientMerge, found: Reference, *, only: str = "") -> None:
    values: list[Any] = [merge.winner_id, merge.loser_id]
    where = f'l."{found.column}" = %s'
    if found.kind_column:
        where += f' AND l."{found.kind_column}" = %s'
        values.append(found.kind)
    if only:
        where += f' AND l."{found.key}" = %s::{found.key_type}'
        values.append(only)
    if found.is_repeated:
        where += (
            f' AND NOT EXISTS (SELECT FROM "{found.table}" AS w '
            f'WHERE w."{found.column}" = %s AND ({found.is_repeated}))'
        )
        values.append(merge.winner_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f'WITH moved AS (UPDATE "{found.table}" AS l SET "{found.column}" = %s '  # noqa: S608
            f'WHERE {where} RETURNING l."{found.key}"::text AS key, {_digest(found)} AS digest) '
            'INSERT INTO patients_mergedrow (id, merge_id, "table", "column", row_id, digest) '
            "SELECT gen_random_uuid(), %s, %s, %s, key, digest FROM moved",
            [*values, merge.pk, found.table, found.column],
        )


def _digest(found: Reference) -> str:
    """Everything in row `l` but whose it is: equal as long as nobody has edited it."""
    apart = f"ARRAY['{found.column}', 'changed_at', 'tenant_id']"
    return f"md5((to_jsonb(l) - {apart})::text)"


def _move_back(merge: PatientMerge) -> list[dict[str, str]]:
    left = []
    moved = MergedRow.objects.filter(merge=merge).order_by("table", "column")
    for table, column in moved.values_list("table", "column").distinct():
        found = reference(table, column)
        if found is None:
            left.append({"what": table, "why": "is kept elsewhere since: look at it by hand"})
            continue
        left += _move_rows_back(merge, found)
    return left


def _move_rows_back(merge: PatientMerge, found: Reference) -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f'WITH back AS (UPDATE "{found.table}" AS l SET "{found.column}" = %s '  # noqa: S608
            'FROM patients_mergedrow AS m WHERE m.merge_id = %s AND m."table" = %s '
            f'AND m."column" = %s AND l."{found.key}" = m.row_id::{found.key_type} '
            f'AND l."{found.column}" = %s RETURNING m.id, m.digest = {_digest(found)} AS same) '
            "SELECT count(*) FILTER (WHERE b.same), count(*) FILTER (WHERE NOT b.same), "
            "count(*) FILTER (WHERE b.id IS NULL) FROM patients_mergedrow AS m "
            'LEFT JOIN back AS b USING (id) WHERE m.merge_id = %s AND m."table" = %s '
            'AND m."column" = %s',
            [
                merge.loser_id,
                merge.pk,
                found.table,
                found.column,
                merge.winner_id,
                merge.pk,
                found.table,
                found.column,
            ],
        )
        _same, edited, elsewhere = cursor.fetchone()
    left = []
    if edited:
        what = _counted(found, edited)
        left.append({"what": what, "why": "edited since the merge: back, as edited"})
    if elsewhere:
        what = _counted(found, elsewhere)
        left.append({"what": what, "why": "deleted or given to somebody else since the merge"})
    return left


def _added_since(merge: PatientMerge) -> list[dict[str, str]]:
    """Say what was added to the one record since: nobody but a person knows whose it is.

    Ids are UUIDv7, which begin with the time: rows made later have a greater id.
    """
    since = f"{int(merge.merged_at.timestamp() * 1000):012x}"
    boundary = f"{since[:8]}-{since[8:]}-7000-8000-000000000000"
    left = []
    for found in references():
        if found.key_type != "uuid" or found.kind_column or (found.table, found.column) == SELF:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT count(*) FROM "{found.table}" AS l '  # noqa: S608 - names of models
                f'WHERE l."{found.column}" = %s AND l."{found.key}" > %s::uuid',
                [merge.winner_id, boundary],
            )
            (count,) = cursor.fetchone()
        if count:
            why = "added since the merge: stays with the surviving record"
            left.append({"what": _counted(found, count), "why": why})
    return left


def _counted(found: Reference, count: int) -> str:
    return f"{count} {found.label if count == 1 else found.plural}"


def moved_counts(merge: PatientMerge) -> Counter[str]:
    """Answer how many rows of each kind a merge moved, by the kind's name."""
    counts: Counter[str] = Counter()
    moved = MergedRow.objects.filter(merge=merge).order_by("table", "column")
    for table, column, count in moved.values_list("table", "column").annotate(count=Count("pk")):
        found = reference(table, column)
        counts[found.plural if found else table] += count
    return counts


# ── what is remembered ───────────────────────────────────────────────────────────────────────────


def _decide(one: UUID, other: UUID, state: str, *, actor: User | None, at: datetime | None) -> None:
    first, second = sorted((one, other))
    decision = {
        "state": state,
        "decided_at": at,
        "decided_by": (actor.name or actor.email) if actor else "",
    }
    DuplicateCandidate.objects.update_or_create(first_id=first, second_id=second, defaults=decision)


def _record(action: str, merge: PatientMerge, **facts: Any) -> None:
    """Put it on record with both people: whoever reads either's history finds it."""
    for patient_id in (merge.winner_id, merge.loser_id):
        record(
            action,
            object_type=Patient._meta.db_table,
            object_id=str(patient_id),
            subject_id=str(patient_id),
            payload={
                "record": str(merge.winner_id),
                "merged": str(merge.loser_id),
                "moved": dict(moved_counts(merge)),
                **facts,
            },
        )


@transaction.atomic
def put_side_by_side(first: Patient, second: Patient, *, actor: User) -> DuplicateCandidate:
    """Let a person decide about two records that they found themselves."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    one, other = sorted((first.pk, second.pk))
    candidate, _ = DuplicateCandidate.objects.get_or_create(first_id=one, second_id=other)
    return candidate


def changes_of(merge: PatientMerge) -> list[tuple[str, str, str]]:
    """Answer what a merge changed on the surviving record: label, before, after."""
    rows = []
    for name, (before, after) in merge.changed.items():
        field = Patient._meta.get_field(name)
        label = str(field.verbose_name).capitalize()  # type: ignore[union-attr]
        if name == "extra":
            rows.append(("Fields from FileMaker", str(len(before)), str(len(after))))
        elif field.is_relation:
            rows.append((label, _name_of(field, before), _name_of(field, after)))
        else:
            rows.append((label, str(before or ""), str(after or "")))
    return rows


def _name_of(field: Any, pk: str | None) -> str:
    found = field.related_model._default_manager.filter(pk=pk).first() if pk else None
    return str(found) if found else ""
