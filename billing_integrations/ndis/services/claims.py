"""Bulk payment requests: made, sent, withdrawn. A line stands in one that is open at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from billing_integrations.invoices.services import InvoiceError
from billing_integrations.ndis.claim_files import MOST_ROWS, file_name_of, write_claims
from billing_integrations.ndis.models import ClaimBatch, ClaimDetail, ClaimLine, NdisSettings
from billing_integrations.ndis.selectors import to_claim
from billing_integrations.ndis.services.errors import NdisError
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from billing_integrations.invoices.models import Invoice, InvoiceLine
    from billing_integrations.ndis.selectors import Candidate


class NothingToClaimError(NdisError):
    """No line is left to be claimed."""


class NotReadyError(NdisError):
    """What was chosen has a problem by now, or is claimed already."""


class BatchStateError(NdisError):
    """The request is in no state in which that can be done to it."""


@transaction.atomic
def claim_lines(line_ids: Collection[UUID], *, actor: User, at: datetime) -> list[ClaimBatch]:
    """Make bulk payment requests of invoice lines, 5,000 rows to a file; each line is checked again.

    Raises NothingToClaimError, NotReadyError.
    """
    require(actor, Action.CREATE, Resource.INVOICES)
    _hold_series()
    found = to_claim(timezone.localdate(at), only=set(line_ids))
    ready = found.ready
    if not line_ids or not found.candidates:
        raise NothingToClaimError("Choose at least one line that is ready.")
    if len(ready) != len(set(line_ids)):
        raise NotReadyError(
            "Some of the lines are claimed or have a problem by now. Nothing was made: look again."
        )
    made = [
        _make_batch(ready[first : first + MOST_ROWS], actor=actor, at=at)
        for first in range(0, len(ready), MOST_ROWS)
    ]
    for batch in made:
        record("ndis.claim_made", object_type="ndis_claimbatch", object_id=str(batch.pk))
    return made


def _hold_series() -> None:
    """Let one request be made at a time: numbers follow each other and no line is taken twice."""
    NdisSettings.objects.get_or_create(only=True)
    NdisSettings.objects.select_for_update().get()


def _make_batch(candidates: Sequence[Candidate], *, actor: User, at: datetime) -> ClaimBatch:
    last = ClaimBatch.objects.aggregate(last=Max("serial"))["last"] or 0
    batch = ClaimBatch.objects.create(
        serial=last + 1,
        file_name=file_name_of(last + 1),
        content=write_claims([one.row for one in candidates]),
        rows_count=len(candidates),
        total_cents=sum(one.line.total_cents for one in candidates),
        created_by=actor.name or actor.email,
        created_at=at,
    )
    lines = [
        ClaimLine(
            batch=batch,
            position=position,
            line=one.line,
            patient_id=one.line.invoice.patient_id,
            reference=one.row.reference,
            claimed_cents=one.line.total_cents,
        )
        for position, one in enumerate(candidates, start=1)
    ]
    try:
        with transaction.atomic():
            ClaimLine.objects.bulk_create(lines)
    except IntegrityError as error:
        raise NotReadyError("Somebody has just claimed one of these lines. Look again.") from error
    return batch


@transaction.atomic
def mark_sent(batch: ClaimBatch, *, actor: User, at: datetime) -> ClaimBatch:
    """Say that the file was uploaded to the NDIA: from now on its answer is waited for."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    held = _held(batch, ClaimBatch.State.READY, "This file is sent or withdrawn already.")
    held.state, held.sent_by, held.sent_at = ClaimBatch.State.SENT, actor.name or actor.email, at
    held.save(update_fields=["state", "sent_by", "sent_at"])
    return held


@transaction.atomic
def withdraw_batch(batch: ClaimBatch, *, actor: User, at: datetime) -> ClaimBatch:
    """Take a request back that was not sent; its lines can be claimed again."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    held = _held(
        batch,
        ClaimBatch.State.READY,
        "Only a file that was not sent can be withdrawn. If the portal refused it as a whole, say so.",
    )
    held.state = ClaimBatch.State.WITHDRAWN
    held.withdrawn_by, held.withdrawn_at = actor.name or actor.email, at
    held.save(update_fields=["state", "withdrawn_by", "withdrawn_at"])
    held.lines.filter(state=ClaimLine.State.WAITING).update(
        state=ClaimLine.State.WITHDRAWN, answered_at=at
    )
    return held


@transaction.atomic
def note_refusal(batch: ClaimBatch, *, actor: User, at: datetime, reason: str) -> ClaimBatch:
    """Say that the portal refused the whole file; its lines can be claimed again."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    held = _held(batch, ClaimBatch.State.SENT, "Only a file that was sent can be refused.")
    if held.lines.exclude(state=ClaimLine.State.WAITING).exists():
        raise BatchStateError("The NDIA has answered some of its rows: read the results file.")
    held.state = ClaimBatch.State.ANSWERED
    held.save(update_fields=["state"])
    held.lines.update(
        state=ClaimLine.State.REJECTED,
        reason=reason.strip() or "The portal refused the whole file.",
        answered_at=at,
    )
    return held


@transaction.atomic
def set_claim_detail(
    line: InvoiceLine, *, actor: User, claim_type: str, cancellation_reason: str
) -> ClaimDetail:
    """Say how a line of an issued invoice is claimed. Raises NotReadyError while it is."""
    require(actor, Action.CHANGE, Resource.INVOICES)
    if ClaimLine.objects.filter(line=line, state__in=ClaimLine.HOLDING).exists():
        raise NotReadyError("The line is claimed already: withdraw its file first.")
    detail, _ = ClaimDetail.objects.update_or_create(
        line=line,
        defaults={
            "claim_type": claim_type,
            "cancellation_reason": cancellation_reason,
            "changed_by": actor.name or actor.email,
        },
    )
    return detail


def keep_claimed_invoice(invoice: Invoice) -> None:
    """Refuse that an invoice becomes void while the NDIA is asked to pay it: invoices' hook."""
    waiting = ClaimLine.objects.filter(line__invoice=invoice, state=ClaimLine.State.WAITING)
    claim = waiting.select_related("batch").defer("batch__content").first()
    if claim is not None:
        raise InvoiceError(
            f"The NDIA is asked to pay invoice {invoice.number} in {claim.batch.file_name}. Withdraw "
            "that file, or wait for the answer."
        )


def _held(batch: ClaimBatch, state: str, words: str) -> ClaimBatch:
    held = ClaimBatch.objects.select_for_update().get(pk=batch.pk)
    if held.state != state:
        raise BatchStateError(words)
    return held
