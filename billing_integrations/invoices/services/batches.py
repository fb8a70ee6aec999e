"""Many invoices in one go: a list of visits for each, made one by one, resumable at any point."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action
from billing_integrations.invoices.models import InvoiceBatch, PayerKind
from billing_integrations.invoices.payers import mail_of
from billing_integrations.invoices.services.access import asked_by
from billing_integrations.invoices.services.charging import charge_visits
from billing_integrations.invoices.services.errors import InvoiceError
from billing_integrations.invoices.services.issuing import issue_invoice
from billing_integrations.invoices.services.mailing import mail_invoice
from clinical.appointments.models import Appointment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing_integrations.invoices.models import Invoice
    from billing_integrations.invoices.pricing import PriceBook

MOST = 2_000
"""Invoices in one batch."""
AT_ONCE = 12
"""So few are made while the person waits."""


@transaction.atomic
def ask_for_batch(
    groups: Sequence[Sequence[UUID]], *, actor: User, is_issuing: bool, is_mailing: bool
) -> InvoiceBatch:
    """Keep what is to be made; `run_batch` makes it."""
    by = asked_by(actor, Action.CREATE)
    if not groups:
        raise InvoiceError("Choose at least one visit.")
    if len(groups) > MOST:
        raise InvoiceError(f"At most {MOST} invoices at a time: choose fewer days.")
    return InvoiceBatch.objects.create(
        groups=[[str(pk) for pk in group] for group in groups],
        total=len(groups),
        is_issuing=is_issuing,
        is_mailing=is_issuing and is_mailing,
        asked_by=by,
        asked_by_id=str(actor.pk),
    )


@transaction.atomic
def make_next(batch_id: UUID, *, prices: PriceBook, most: int = 1) -> bool:
    """Make the next invoices of a batch; answers whether some are left.

    A second worker that got the same batch waits here, and goes on behind the first.
    """
    batch = InvoiceBatch.objects.select_for_update().get(pk=batch_id)
    actor = User.objects.filter(pk=batch.asked_by_id, is_active=True).first()
    for group in batch.groups[batch.done : batch.done + most]:
        try:
            with transaction.atomic():
                _make([UUID(pk) for pk in group], batch, actor, prices)
        except InvoiceError as error:
            batch.problems.append({"visits": group, "words": str(error)})
        batch.done += 1
    is_left = batch.done < batch.total
    batch.state = InvoiceBatch.State.RUNNING if is_left else InvoiceBatch.State.DONE
    batch.save(update_fields=["done", "problems", "state", "changed_at"])
    return is_left


def _make(ids: list[UUID], batch: InvoiceBatch, actor: User | None, prices: PriceBook) -> None:
    if actor is None:
        raise InvoiceError("Who asked for it has no account any more.")
    visits = list(Appointment.objects.filter(pk__in=ids))
    for invoice in charge_visits(visits, actor=actor, batch=batch, prices=prices):
        if not batch.is_issuing:
            continue
        issued = issue_invoice(invoice, actor=actor)
        address = _address(issued)
        if batch.is_mailing and address:
            mail_invoice(issued, actor=actor, address=address)


def _address(invoice: Invoice) -> str:
    if invoice.payer_kind == PayerKind.PATIENT:
        return mail_of(invoice.patient)
    return invoice.payer_email
