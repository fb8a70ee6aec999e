"""Records that were set aside: why, what stands in them, what people say of them, and taking them over.

A correction is kept beside the record's own text and never written into it. It holds for later imports
of the same file too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min

from audit.services import record as record_event
from clinical.patients.filters import PatientFilter
from clinical.patients.selectors import search_patients
from onboarding.imports.columns import column_accounts
from onboarding.imports.loading.ledger import OUTCOMES, QUARANTINED
from onboarding.imports.loading.writing import MODELS
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.models import Correction, ImportRun, ImportSource, RowResult, StagedRecord
from onboarding.imports.payload import parse_key
from onboarding.imports.reports import name_issues, totals
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.structure import Structure, label_of
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accounts.models import User
    from clinical.patients.models import Patient
    from onboarding.imports.loading.ledger import Ledger
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Target
    from tenants.scope import Actor

PAGE = 50
EXAMPLES = 20
REASON_LENGTH = 200
Kind = Correction.Kind


class CorrectionError(ImportRefusedError):
    """What was said of a record cannot be taken; the message is for a person."""


class StagedGoneError(ImportRefusedError):
    """The records as they were staged have been deleted after their time."""

    def __init__(self) -> None:
        super().__init__(
            "The uploaded file has been deleted after its time, so its records cannot be taken over "
            "from here any more. Upload the file again and import it: what you corrected is kept and "
            "is used then."
        )


def keep_raw(run: ImportRun, *, dry: bool) -> None:
    """Keep the text of what was set aside with its result: it has no row to keep it with."""
    if dry:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE imports_rowresult AS r SET raw = s.payload FROM imports_stagedrecord AS s "
            "WHERE r.run_id = %s AND NOT r.dry AND r.outcome = %s AND r.raw IS NULL "
            "AND s.source_id = %s AND s.table_id = r.table_id AND s.record_id = r.record_id",
            [run.pk, QUARANTINED, run.source_id],
        )


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Group:
    """Records of one table that were set aside for one reason; `id` is the first of them."""

    id: UUID
    table_id: int
    table: str
    reason: str
    count: int


def quarantine_groups(run: ImportRun) -> list[Group]:
    """Answer why records were set aside, most first."""
    structure = Structure.from_json(run.source.structure)
    found = (
        _set_aside(run)
        .values("table_id", "reason")
        .annotate(count=Count("pk"), first=Min("record_id"))
        .order_by("-count")
    )
    groups = []
    for row in found:
        table = structure.table(row["table_id"])
        first = _set_aside(run).filter(
            table_id=row["table_id"], reason=row["reason"], record_id=row["first"]
        )
        groups.append(
            Group(
                first.values_list("pk", flat=True)[0],
                row["table_id"],
                table.name if table else str(row["table_id"]),
                row["reason"],
                row["count"],
            )
        )
    return groups


def _set_aside(run: ImportRun) -> Any:
    return RowResult.objects.filter(run=run, dry=False, outcome=QUARANTINED).order_by("pk")


@dataclass(frozen=True)
class SetAside:
    """One line of the list: what was said of the record already, if anything."""

    result: RowResult
    table: str
    said: Sequence[Correction]


def records_of(run: ImportRun, group: Group, *, after: UUID | None = None) -> list[SetAside]:
    """Answer up to 50 records of a group, in order."""
    rows = _set_aside(run).filter(table_id=group.table_id, reason=group.reason)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    results = list(rows[:PAGE])
    said: dict[int, list[Correction]] = {}
    for correction in Correction.objects.filter(
        source_key=run.source.key,
        table_id=group.table_id,
        record_id__in=[result.record_id for result in results],
    ):
        said.setdefault(correction.record_id, []).append(correction)
    return [SetAside(result, group.table, said.get(result.record_id, ())) for result in results]


@dataclass(frozen=True)
class Cell:
    """One cell of a record: its text as it stands, the corrected one, and what was noticed."""

    place: str
    name: str
    becomes: str
    raw: str
    corrected: str | None
    issues: Sequence[str]

    @property
    def shown(self) -> str:
        return self.raw if self.corrected is None else self.corrected


@dataclass(frozen=True)
class Choice:
    """What can be chosen by hand for a reference; patients are searched for, not listed."""

    target: str
    label: str
    entity: str
    options: Sequence[tuple[str, str]]
    chosen: str
    chosen_name: str


@dataclass(frozen=True)
class OpenRecord:
    """A record that was set aside, as its page shows it."""

    result: RowResult
    table: str
    cells: Sequence[Cell]
    choices: Sequence[Choice]
    said: Sequence[Correction]


def open_record(run: ImportRun, table_id: int, record_id: int) -> OpenRecord | None:
    """Answer a record that was set aside with all its text; None where there is none."""
    result = _set_aside(run).filter(table_id=table_id, record_id=record_id).first()
    if result is None or run.mapping is None:
        return None
    structure = Structure.from_json(run.source.structure)
    table = structure.table(table_id)
    rule = MappingSpec.from_json(run.mapping.spec).table(table_id)
    said = list(
        Correction.objects.filter(source_key=run.source.key, table_id=table_id, record_id=record_id)
    )
    targets = ENTITIES[rule.entity].by_name if rule.entity else {}
    becomes = {r.field_id: targets[r.to] for r in rule.fields if r.to in targets}
    raw = result.raw or {}
    empty = {str(field_id): "" for field_id in becomes if not any(_is_of(k, field_id) for k in raw)}
    corrected = {c.place: c.text for c in said if c.kind == Kind.CELL}
    cells = [
        _cell(place, text, table, becomes.get(parse_key(place)[0]), result)
        for place, text in {**raw, **empty}.items()
    ]
    cells = [replace(cell, corrected=corrected.get(cell.place)) for cell in cells]
    cells.sort(key=lambda cell: (not cell.issues, not cell.becomes))
    wanted = [target for target in becomes.values() if target.refers_to]
    return OpenRecord(
        result, table.name if table else str(table_id), cells, _choices(wanted, said), said
    )


def _is_of(place: str, field_id: int) -> bool:
    return parse_key(place)[0] == field_id


def _cell(
    place: str,
    text: str,
    table: TableStructure | None,
    target: Target | None,
    result: RowResult,
) -> Cell:
    field_id, repetition = parse_key(place)
    return Cell(
        place,
        label_of(table.fields if table else (), field_id, repetition),
        target.label if target else "",
        text,
        None,
        [issue["message"] for issue in result.issues if issue["field"] == field_id],
    )


def _choices(targets: Sequence[Target], said: Sequence[Correction]) -> list[Choice]:
    chosen = {c.place: c.chosen_id for c in said if c.kind == Kind.CHOICE}
    choices = []
    for target in {target.name: target for target in targets}.values():
        rows = MODELS.get(target.refers_to)
        if rows is None:
            continue
        picked = chosen.get(target.name)
        options: list[tuple[str, str]] = []
        if target.refers_to in _LISTED:
            options = [(str(row.pk), str(row)) for row in rows._default_manager.all()]
        found = rows._default_manager.filter(pk=picked).first() if picked else None
        choices.append(
            Choice(
                target.name,
                target.label,
                target.refers_to,
                options,
                str(picked or ""),
                str(found or ""),
            )
        )
    return [choice for choice in choices if choice.options or choice.entity == "patient"]


_LISTED = frozenset({"location", "practitioner", "appointment_type", "funding_type"})


# ── saying ───────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def correct_record(
    run: ImportRun,
    result: RowResult,
    *,
    cells: Mapping[str, str],
    choices: Mapping[str, str],
    actor: Actor,
) -> int:
    """Keep what a person corrected; answers how many corrections the record has now.

    `cells` is text by place, `choices` ids by target. A text that is again the record's own, and an
    empty choice, take an earlier correction back. Raises CorrectionError for what is not there.
    """
    where = _where(run, result)
    raw = result.raw or {}
    for place, text in cells.items():
        if text.replace("\r\n", "\n") == raw.get(place, "").replace("\r", "\n"):
            Correction.objects.filter(**where, kind=Kind.CELL, place=place).delete()
        else:
            _say(run, result, Kind.CELL, place, actor, was=raw.get(place, ""), text=text)
    for target, picked in choices.items():
        if picked:
            row_id = _chosen_row(run, result, target, picked)
            _say(run, result, Kind.CHOICE, target, actor, chosen_id=row_id)
        else:
            Correction.objects.filter(**where, kind=Kind.CHOICE, place=target).delete()
    Correction.objects.filter(**where, kind=Kind.LEAVE_OUT).delete()
    return Correction.objects.filter(**where).count()


def _chosen_row(run: ImportRun, result: RowResult, target_name: str, picked: str) -> UUID:
    entity = MappingSpec.from_json(run.mapping.spec).table(result.table_id).entity  # type: ignore[union-attr]
    target = ENTITIES[entity].by_name.get(target_name) if entity else None
    model = MODELS.get(target.refers_to) if target else None
    try:
        row_id = UUID(picked)
    except ValueError as error:
        raise CorrectionError("What was chosen is not there. Choose again.") from error
    if model is None or not model._default_manager.filter(pk=row_id).exists():
        raise CorrectionError("What was chosen is not there. Choose again.")
    return row_id


def _where(run: ImportRun, result: RowResult) -> dict[str, Any]:
    return {
        "source_key": run.source.key,
        "table_id": result.table_id,
        "record_id": result.record_id,
    }


def _say(
    run: ImportRun, result: RowResult, kind: str, place: str, actor: Actor, **values: Any
) -> None:
    staged = StagedRecord.objects.filter(
        source=run.source, table_id=result.table_id, record_id=result.record_id
    ).first()
    Correction.objects.update_or_create(
        **_where(run, result),
        kind=kind,
        place=place,
        defaults={
            "made_by": actor.label,
            "payload_hash": staged.payload_hash if staged else "",
            **values,
        },
    )


@transaction.atomic
def leave_out(run: ImportRun, results: Sequence[RowResult], *, reason: str, actor: Actor) -> int:
    """Accept that these records are not taken over; answers how many. Raises without a reason."""
    why = " ".join(reason.split())[:REASON_LENGTH]
    if not why:
        raise CorrectionError("Say why these records are left out: it stands in the report.")
    for result in results:
        _say(run, result, Kind.LEAVE_OUT, "", actor, text=why)
    return len(results)


def everything_of(run: ImportRun, group: Group) -> list[RowResult]:
    return list(_set_aside(run).filter(table_id=group.table_id, reason=group.reason).defer("raw"))


def patients_like(actor: User, text: str, *, limit: int = 8) -> list[Patient]:
    """Answer patients found by name, number, phone or date of birth, for choosing one by hand."""
    if not text.strip():
        return []
    everybody = PatientFilter(with_archived=True)
    today = datetime.now(UTC).date()
    return [
        hit.patient for hit in search_patients(actor, text, everybody, today=today, limit=limit)
    ]


# ── taking over ──────────────────────────────────────────────────────────────────────────────────


def records_to_mend(run: ImportRun) -> dict[int, list[int]]:
    """Answer the records to try again, by table: all that are still set aside.

    One correction can let others in: with the patient come the visits. Raises StagedGoneError.
    """
    if run.source.state != ImportSource.State.STAGED:
        raise StagedGoneError
    wanted: dict[int, list[int]] = {}
    for table_id, record_id in _set_aside(run).values_list("table_id", "record_id"):
        wanted.setdefault(table_id, []).append(record_id)
    return wanted


def amend_report(run: ImportRun, ledger: Ledger, *, actor: Actor) -> dict[str, Any]:
    """Answer the run's report with the records tried again counted as what they are now.

    The caller has stored the ledger: source = created + … + quarantined holds as before.
    """
    structure = Structure.from_json(run.source.structure)
    tables = [dict(table) for table in run.report["tables"]]
    mended = dict.fromkeys(OUTCOMES, 0)
    for table in tables:
        account = ledger.tables.get(table["id"])
        if account is None:
            continue
        table[QUARANTINED] -= account.source
        for outcome in OUTCOMES:
            table[outcome] += account.counts[outcome]
            mended[outcome] += account.counts[outcome]
        table["holds"] = table["source"] == sum(table[outcome] for outcome in OUTCOMES)
        table["reasons"] = _reasons(run, table)
        known = {(issue["field"], issue["code"]) for issue in table["issues"]}
        fresh = [i for i in account.as_json()["issues"] if (i["field"], i["code"]) not in known]
        table["issues"] = [*table["issues"], *name_issues(fresh, structure.table(table["id"]))]
    spec = MappingSpec.from_json(run.mapping.spec)  # type: ignore[union-attr]
    columns = column_accounts(run.source, spec, structure)
    line = {"at": datetime.now(UTC).isoformat(), "by": actor.label, **mended}
    return {
        **run.report,
        "tables": tables,
        "totals": totals(tables),
        "holds": all(table["holds"] for table in tables),
        "columns": {str(table): of_table for table, of_table in columns.items()},
        "mended": [*run.report.get("mended", ()), line],
    }


def _reasons(run: ImportRun, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Group the reasons anew; those that stand for no single record stay."""
    kept = [row for row in table["reasons"] if not row["records"]]
    grouped = (
        RowResult.objects.filter(run=run, dry=False, table_id=table["id"])
        .exclude(reason="")
        .values("outcome", "reason")
        .annotate(count=Count("pk"))
        .order_by("-count")
    )
    for row in grouped:
        of_reason = RowResult.objects.filter(
            run=run, dry=False, table_id=table["id"], outcome=row["outcome"], reason=row["reason"]
        )
        records = list(
            of_reason.order_by("record_id").values_list("record_id", flat=True)[:EXAMPLES]
        )
        kept.append({**row, "records": records})
    return sorted(kept, key=lambda row: -row["count"])


def mark_mended(run: ImportRun, records: Mapping[int, Sequence[int]]) -> None:
    """Mark the records that were let in or left out now, after having been set aside."""
    for table_id, ids in records.items():
        RowResult.objects.filter(
            run=run, dry=False, table_id=table_id, record_id__in=list(ids)
        ).exclude(outcome=QUARANTINED).update(is_mended=True)


def note_mending(run: ImportRun, ledger: Ledger) -> None:
    """Put the event of a mending into the audit trail, counts only."""
    counts = {
        outcome: sum(account.counts[outcome] for account in ledger.tables.values())
        for outcome in OUTCOMES
    }
    record_event(
        "import.mend", object_type="imports_importrun", object_id=str(run.pk), payload=counts
    )
