"""Answers of the NDIA, read back: what is paid becomes a payment, what is rejected can be claimed again.

Reading the same file twice changes nothing: a claim keeps what it was told, and a payment has the
claim's reference as its external id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from billing_integrations.invoices.models import Invoice
from billing_integrations.invoices.models.payments import Method
from billing_integrations.invoices.services import record_payment
from billing_integrations.ndis.models import ClaimBatch, ClaimLine, ResultsFile
from billing_integrations.ndis.results_files import Outcome, read_results
from clinical.practice.rules import require
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from billing_integrations.ndis.results_files import ResultRow

State = ClaimLine.State


@dataclass
class _Reading:
    """What one file says and does."""

    actor: User
    at: datetime
    paid: int = 0
    paid_cents: int = 0
    rejected: int = 0
    unchanged: int = 0
    open: int = 0
    unknown: list[dict[str, object]] = field(default_factory=list)
    problems: list[dict[str, object]] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def note(self, row: ResultRow, words: str) -> None:
        self.problems.append({"row": row.row, "reference": row.reference, "words": words})


@transaction.atomic
def read_back(content: bytes, *, actor: User, file_name: str, at: datetime) -> ResultsFile:
    """Take the NDIA's answer to heart; raises TableError where the file is none."""
    require(actor, Action.CREATE, Resource.INVOICES)
    rows = read_results(content)
    claims = _held_claims(rows)
    reading = _Reading(actor, at)
    for row in rows:
        claim = claims.get(row.reference)
        if claim is None:
            reading.unknown.append(
                {"row": row.row, "reference": row.reference[:80], "cents": row.paid_cents}
            )
        else:
            _apply(row, claim, reading)
    _settle_batches(reading.touched)
    kept = ResultsFile.objects.create(
        file_name=file_name[-200:],
        digest=hashlib.sha256(content).hexdigest(),
        rows_count=len(rows),
        paid_count=reading.paid,
        paid_cents=reading.paid_cents,
        rejected_count=reading.rejected,
        unchanged_count=reading.unchanged,
        open_count=reading.open,
        unknown=reading.unknown,
        problems=reading.problems,
        loaded_by=actor.name or actor.email,
        loaded_at=at,
    )
    record("ndis.results_read", object_type="ndis_resultsfile", object_id=str(kept.pk))
    return kept


def _held_claims(rows: Sequence[ResultRow]) -> dict[str, ClaimLine]:
    """Hold the invoices first, as everybody does who records payments, then the claims."""
    references = {row.reference for row in rows}
    claims = ClaimLine.objects.filter(reference__in=references)
    invoices = Invoice.objects.filter(lines__claim_lines__in=claims).values("pk")
    list(Invoice.objects.filter(pk__in=invoices).order_by("pk").select_for_update(of=("self",)))
    held = claims.select_related("line", "line__invoice", "batch").defer("batch__content")
    return {claim.reference: claim for claim in held.order_by("pk").select_for_update(of=("self",))}


def _apply(row: ResultRow, claim: ClaimLine, reading: _Reading) -> None:
    reading.touched.add(claim.batch_id)
    if row.outcome is Outcome.OPEN:
        reading.open += 1
    elif row.outcome is Outcome.UNCLEAR:
        reading.note(row, f"The status “{row.status[:60]}” or the amount is not understood.")
    elif row.outcome is Outcome.REJECTED:
        _reject(row, claim, reading)
    else:
        _pay(row, claim, reading)


def _reject(row: ResultRow, claim: ClaimLine, reading: _Reading) -> None:
    if claim.state == State.PAID:
        reading.note(row, "It was paid before; this file says that it was rejected. Ask the NDIA.")
    elif claim.state != State.WAITING:
        reading.unchanged += 1
    else:
        claim.state, claim.answered_at = State.REJECTED, reading.at
        claim.reason = row.message or f"Status: {row.status}"
        claim.request_number = row.request_number
        claim.save()
        reading.rejected += 1


def _pay(row: ResultRow, claim: ClaimLine, reading: _Reading) -> None:
    cents = claim.claimed_cents if row.paid_cents is None else row.paid_cents
    if claim.state == State.PAID:
        if claim.paid_cents == cents:
            reading.unchanged += 1
        else:
            reading.note(
                row,
                f"{money(claim.paid_cents)} was recorded before; this file says {money(cents)}.",
            )
        return
    if cents <= 0:
        reading.note(row, "The NDIA says that it is paid, with an amount of nothing.")
        return
    if claim.state != State.WAITING and _is_held_elsewhere(claim):
        reading.note(
            row,
            f"{money(cents)} is paid for a claim that was {claim.get_state_display().lower()} here "
            "and has been claimed again since: it may be paid twice. Ask the NDIA.",
        )
        return
    if claim.state != State.WAITING:
        reading.note(
            row, f"It was {claim.get_state_display().lower()} here, and is paid after all."
        )
    claim.payment = record_payment(
        claim.line.invoice,
        cents,
        on=timezone.localdate(reading.at),
        method=Method.NDIA,
        actor=reading.actor,
        reference=row.request_number or claim.reference,
        note=f"Bulk payment request {claim.batch.file_name}",
        external_id=f"ndis:{claim.reference}",
    )
    claim.state, claim.paid_cents, claim.answered_at = State.PAID, cents, reading.at
    claim.request_number, claim.reason = row.request_number, ""
    if cents != claim.claimed_cents:
        claim.reason = row.message or (
            f"{money(cents)} of {money(claim.claimed_cents)} is paid: capped by the NDIA."
        )
    claim.save()
    reading.paid += 1
    reading.paid_cents += cents


def _is_held_elsewhere(claim: ClaimLine) -> bool:
    others = ClaimLine.objects.filter(line=claim.line_id, state__in=ClaimLine.HOLDING)
    return others.exclude(pk=claim.pk).exists()


def _settle_batches(touched: set[UUID]) -> None:
    """A request is answered once none of its rows waits; one that is answered was sent."""
    for batch in ClaimBatch.objects.defer("content").filter(pk__in=touched).order_by("pk"):
        waits = batch.lines.filter(state=State.WAITING).exists()
        state = ClaimBatch.State.SENT if waits else ClaimBatch.State.ANSWERED
        if batch.state not in {ClaimBatch.State.WITHDRAWN, state}:
            batch.state = state
            batch.save(update_fields=["state"])
