"""The verbs about results: take them in, give them to a patient, sign them off.

Each message is one transaction: it is taken in whole, or it is quarantined with the reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.documents.models import Document
from clinical.documents.services import store_file
from clinical.pathology.hl7v2 import Hl7Error, Message, Report, read_message, texts_of
from clinical.pathology.matching import candidates_for, sure_one
from clinical.pathology.models import (
    ResultFile,
    ResultMessage,
    ResultReport,
    ResultReview,
    ResultValue,
)
from clinical.pathology.rules import may_review
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

MOST_BYTES = 20 * 1024 * 1024
NOTE_LENGTH = 2000
NAME_LENGTH = 200
CATEGORY = "Pathology"
"""The category of the documents that results are kept as."""


class ResultError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


class NotKeptError(ResultError):
    """The file could not be stored: nothing of the message is kept, trying again helps."""


@dataclass(frozen=True)
class Outcome:
    """What became of one message of a file."""

    what: str
    """`matched`, `unmatched`, `duplicate`, `quarantined`, or `refused` (nothing is kept)."""
    words: str
    message: ResultMessage | None = None


def take_in(content: bytes, *, file_name: str, actor: User, at: datetime) -> list[Outcome]:
    """Take in a file of messages, or a PDF; answers what became of each message."""
    require(actor, Action.CREATE, Resource.RESULTS)
    name = file_name.replace("\x00", "")[-NAME_LENGTH:]
    if not content.strip():
        return [Outcome("refused", "The file is empty.")]
    if len(content) > MOST_BYTES:
        return [Outcome("refused", f"The file has more than {MOST_BYTES // 1024**2} MB.")]
    if b"%PDF-" in content[:1024]:
        return [_guarded(lambda: _take_pdf(content, name, actor=actor, at=at))]
    try:
        texts = texts_of(content)
    except Hl7Error as error:
        words = str(error)
        return [_guarded(lambda: _quarantine(content, words, name, actor=actor, at=at))]
    return [
        _guarded(lambda text=text: _take_message(text, name, actor=actor, at=at)) for text in texts
    ]


def _guarded(take: Any) -> Outcome:
    """Run one message's work in a transaction of its own; nothing of it stays when it fails."""
    try:
        with transaction.atomic():
            outcome: Outcome = take()
    except NotKeptError as error:
        return Outcome("refused", str(error))
    except IntegrityError:
        return Outcome("duplicate", "The same message was taken in a moment ago.")
    return outcome


def _take_message(text: str, file_name: str, *, actor: User, at: datetime) -> Outcome:
    try:
        read = read_message(text)
    except Hl7Error as error:
        return _quarantine(text.encode(), str(error), file_name, actor=actor, at=at)
    taken = ResultMessage.objects.filter(
        source=ResultMessage.Source.HL7, sender=read.sender, control_id=read.control_id
    ).exclude(state=ResultMessage.State.QUARANTINED)
    if first := taken.first():
        when = f"{timezone.localtime(first.received_at):%-d %b %Y}"
        return Outcome(
            "duplicate", f"Message {read.control_id} was taken in on {when} already.", first
        )
    found = sure_one(candidates_for(read.person))
    patient = found.patient if found else None
    person = asdict(read.person)
    person["born"] = read.person.born.isoformat() if read.person.born else ""
    message = ResultMessage.objects.create(
        source=ResultMessage.Source.HL7,
        sender=read.sender,
        control_id=read.control_id,
        sent_at=read.sent_at,
        file_name=file_name,
        sha256=_digest(text.encode()),
        person_name=read.person.full_name,
        person=person,
        patient=patient,
        evidence=list(found.evidence) if found else [],
        matched_at=at if found else None,
        received_by=actor.name,
        received_at=at,
    )
    message.document = _kept(
        text.replace("\r", "\r\n").encode(), f"{read.control_id}.txt", _title(read), message,
        actor=actor,
    )  # fmt: skip
    message.save(update_fields=["document"])
    for position, report in enumerate(read.reports):
        _keep_report(report, message, position, actor=actor)
    if patient is None:
        return Outcome("unmatched", f"{read.person.full_name}: nobody fits without doubt.", message)
    return Outcome("matched", f"{patient.full_name}: {', '.join(message.evidence)}", message)


def _take_pdf(content: bytes, file_name: str, *, actor: User, at: datetime) -> Outcome:
    digest = _digest(content)
    same = ResultMessage.objects.filter(source=ResultMessage.Source.PDF, sha256=digest)
    if first := same.exclude(state=ResultMessage.State.SETTLED).first():
        when = f"{timezone.localtime(first.received_at):%-d %b %Y}"
        return Outcome("duplicate", f"The same PDF was taken in on {when} already.", first)
    title = file_name.rpartition(".")[0].replace("_", " ").strip() or "Report"
    message = ResultMessage.objects.create(
        source=ResultMessage.Source.PDF,
        file_name=file_name,
        sha256=digest,
        person_name=title,
        received_by=actor.name,
        received_at=at,
    )
    message.document = _kept(content, file_name or "report.pdf", title, message, actor=actor)
    message.save(update_fields=["document"])
    report = ResultReport.objects.create(
        message=message, name=title, status="F", reported_at=at, collected_at=at
    )
    ResultValue.objects.bulk_create(
        [ResultValue(report=report, position=0, kind="ED", name=title, document=message.document)]
    )
    return Outcome("unmatched", "A PDF does not say whose it is: choose the patient.", message)


def _quarantine(
    content: bytes, words: str, file_name: str, *, actor: User, at: datetime
) -> Outcome:
    """Keep what cannot be read, with the reason, so that somebody looks after it."""
    digest = _digest(content)
    broken = ResultMessage.objects.filter(sha256=digest, state=ResultMessage.State.QUARANTINED)
    if same := broken.first():
        return Outcome("quarantined", f"{words} (It is on the list already.)", same)
    message = ResultMessage.objects.create(
        source=ResultMessage.Source.HL7,
        state=ResultMessage.State.QUARANTINED,
        file_name=file_name,
        sha256=digest,
        problem=words,
        received_by=actor.name,
        received_at=at,
    )
    title = f"Unread: {file_name}"
    message.document = _kept(
        content, file_name or "message.txt", title, message, actor=actor, must=False
    )
    message.save(update_fields=["document"])
    return Outcome("quarantined", words, message)


def _keep_report(report: Report, message: ResultMessage, position: int, *, actor: User) -> None:
    key = ""
    if report.filler_number:
        key = f"{message.sender}\n{report.filler_number}\n{report.code}"
    kept = ResultReport.objects.create(
        message=message,
        patient=message.patient,
        position=position,
        order_key=key,
        filler_number=report.filler_number,
        code=report.code,
        name=report.name,
        status=report.status,
        collected_at=report.collected_at,
        reported_at=report.reported_at or message.sent_at,
        ordered_by=report.ordered_by,
    )
    values = []
    for place, value in enumerate(report.values):
        document = None
        if value.file:
            document = _kept(
                value.file, value.file_name, report.name, message, actor=actor, must=False
            )
        values.append(
            ResultValue(
                report=kept, position=place, kind=value.kind[:8], code=value.code, name=value.name,
                text=value.text or ("" if document or not value.file else _NOT_OPENED),
                units=value.units, reference_range=value.reference_range, flag=value.flag,
                status=value.status, document=document,
            )
        )  # fmt: skip
    ResultValue.objects.bulk_create(values)
    if key:
        _replace_versions(key)


_NOT_OPENED = "The enclosed file is of a kind that is not kept. Ask the laboratory for a PDF."


def _replace_versions(key: str) -> None:
    """Let each patient's newest version of a report stand, whichever came last.

    One that belongs to nobody yet replaces nothing: else a result could be missed.
    """
    versions = (
        ResultReport.objects.select_for_update(of=("self",))
        .filter(order_key=key, message__state=ResultMessage.State.RECEIVED)
        .select_related("message")
    )
    in_order = sorted(
        versions,
        key=lambda version: (version.message.sent_at or version.message.received_at, version.pk),
    )
    newest = {version.patient_id: version.pk for version in in_order if version.patient_id}
    for version in in_order:
        latest = newest.get(version.patient_id) if version.patient_id else None
        wanted = None if latest == version.pk else latest
        if version.replaced_by_id != wanted:
            version.replaced_by_id = wanted
            version.save(update_fields=["replaced_by"])


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def assign_message(
    message: ResultMessage,
    patient: Patient,
    *,
    actor: User,
    at: datetime,
    evidence: Sequence[str] = (),
) -> ResultMessage:
    """Give a message that belongs to nobody to a patient, with its reports and files."""
    require(actor, Action.CHANGE, Resource.RESULTS)
    message = ResultMessage.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if message.state != ResultMessage.State.RECEIVED:
        raise ResultError("This message could not be read and belongs to nobody.")
    if message.patient_id is not None:
        raise ResultError("Somebody else has given it to a patient in the meantime.")
    _hand_over(message, patient)
    message.matched_by, message.matched_at = actor.name, at
    message.evidence = list(evidence)
    message.save(update_fields=["patient", "matched_by", "matched_at", "evidence"])
    return message


@transaction.atomic
def take_back_message(message: ResultMessage, *, actor: User) -> ResultMessage:
    """Take a message away from the patient it was given to; its sign-offs go with that."""
    require(actor, Action.CHANGE, Resource.RESULTS)
    message = ResultMessage.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if message.patient_id is None:
        raise ResultError("It belongs to nobody.")
    if message.reports.filter(is_reviewed=True).exists() and not may_review(actor):
        raise ResultError("A clinician has signed it off. Ask a clinician to take it back.")
    ResultReview.objects.filter(report__message=message).delete()
    _hand_over(message, None)
    message.matched_by, message.matched_at, message.evidence = "", None, []
    message.save(update_fields=["patient", "matched_by", "matched_at", "evidence"])
    return message


def settle_message(message: ResultMessage, *, actor: User, is_settled: bool) -> ResultMessage:
    """Set aside what cannot be read or belongs to nobody here, or bring it back."""
    require(actor, Action.CHANGE, Resource.RESULTS)
    if message.patient_id is not None:
        raise ResultError("It belongs to a patient. Take it back first.")
    state = ResultMessage.State.SETTLED
    if not is_settled:
        state = ResultMessage.State.QUARANTINED if message.problem else ResultMessage.State.RECEIVED
    message.state = state
    message.save(update_fields=["state"])
    return message


def _hand_over(message: ResultMessage, patient: Patient | None) -> None:
    message.patient = patient
    ResultReport.objects.filter(message=message).update(
        patient=patient, **({} if patient else {"is_reviewed": False})
    )
    for key in message.reports.exclude(order_key="").values_list("order_key", flat=True):
        _replace_versions(key)
    files = ResultFile.objects.filter(message=message).values("document_id")
    Document.objects.filter(pk__in=files).update(patient=patient)


# ── signing off ──────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def sign_off(report: ResultReport, *, actor: User, at: datetime, note: str = "") -> ResultReview:
    """Keep that the actor has seen the report. The same report is signed off once."""
    if not may_review(actor):
        raise PermissionDenied("results.change")
    report = ResultReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if report.patient_id is None:
        raise ResultError("Give the result to a patient first.")
    if report.is_reviewed:
        raise ResultError("Somebody has signed this result off already.")
    report.is_reviewed = True
    report.save(update_fields=["is_reviewed"])
    return ResultReview.objects.create(
        report=report,
        note=note.replace("\x00", "").strip()[:NOTE_LENGTH],
        by_name=actor.name,
        at=at,
    )


@transaction.atomic
def take_back_sign_off(report: ResultReport, *, actor: User) -> None:
    """Put the report back on the list of those to be seen."""
    if not may_review(actor):
        raise PermissionDenied("results.change")
    ResultReview.objects.filter(report=report).delete()
    report.is_reviewed = False
    report.save(update_fields=["is_reviewed"])


def record_reading(report: ResultReport) -> None:
    """Put on record that the actor of the scope read the report."""
    record(
        "view",
        object_type=ResultReport._meta.db_table,
        object_id=str(report.pk),
        subject_id=str(report.patient_id or ""),
        payload={"title": report.name},
    )


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _kept(
    content: bytes, file_name: str, title: str, message: ResultMessage, *, actor: User,
    must: bool = True,
) -> Document | None:  # fmt: skip
    document = _document(file_name, title, message)
    store_file(document, [content], actor=actor)
    if document.state == Document.State.STORED:
        ResultFile.objects.create(message=message, document=document)
        return document
    problem, is_refused = document.problem, document.state == Document.State.REFUSED
    document.delete()
    if must or not is_refused:
        raise NotKeptError(problem)
    return None


def _document(file_name: str, title: str, message: ResultMessage) -> Document:
    return Document.objects.create(
        patient=message.patient,
        category=CATEGORY,
        title=title[:NAME_LENGTH],
        file_name=file_name[-NAME_LENGTH:],
        dated_on=timezone.localdate(message.sent_at or message.received_at),
    )


def _title(read: Message) -> str:
    names = ", ".join(dict.fromkeys(report.name for report in read.reports))
    return f"{names} ({read.sender or 'laboratory'})"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
