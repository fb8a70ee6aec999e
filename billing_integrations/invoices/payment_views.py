"""Payments, refunds, credit notes, and what takes them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.invoices import selectors, services
from billing_integrations.invoices.forms import (
    CreditForm,
    MailForm,
    PaymentForm,
    RefundForm,
    written,
)
from billing_integrations.invoices.models import (
    Allocation,
    CreditNote,
    Invoice,
    Payment,
    Refund,
    WriteOff,
)
from billing_integrations.invoices.payers import mail_of
from billing_integrations.invoices.printing import (
    credit_note_paper,
    file_name,
    receipt_paper,
)
from billing_integrations.invoices.rules import visible_bills, visible_payments
from billing_integrations.invoices.views import TAB, pdf_response
from clinical.contacts.models import Contact
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from ui.wording import money

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def receive(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Take one sum from a patient or another payer and share it over their open invoices."""
    patient = get_patient(request.user, pk) if kind == "patient" else None
    contact = get_object_or_404(Contact, pk=pk) if kind == "contact" else None
    if patient is None and contact is None:
        raise Http404
    whose = {"payer_kind": kind, "contact": contact, **({"patient": patient} if patient else {})}
    bills = visible_bills(request.user).filter(state__in=Invoice.OPEN_STATES, **whose)
    invoices = list(bills.select_related("patient").order_by("due_on", "pk")[:MOST])
    form = PaymentForm(
        request.POST or None, initial={"paid_on": timezone.localdate(), "method": "transfer"}
    )
    problem = ""
    shares = {one.pk: request.POST.get(f"share-{one.pk}", "") for one in invoices}
    if request.method == "POST" and form.is_valid():
        try:
            payment = services.receive_payment(
                form.cleaned_data["amount"],
                payer_kind=kind,
                contact=contact,
                patient=patient,
                shares=_shares(shares),
                actor=request.user,
                **form.columns(),
            )
        except services.InvoiceError as error:
            problem = str(error)
        else:
            messages.success(request, f"{money(payment.cents)} received, receipt {payment.number}.")
            return redirect("invoices:payment", pk=payment.pk)
    context = {
        "form": form,
        "problem": problem,
        "payer": patient or contact,
        "rows": [(one, shares[one.pk], written(one.open_cents)) for one in invoices],
        "total_cents": sum(one.open_cents for one in invoices),
    }
    return render(
        request, "invoices/receive.html", context, status=422 if request.method == "POST" else 200
    )


def _shares(asked: dict[UUID, str]) -> dict[UUID, int]:
    """Read the amounts as a money field does."""
    from clinical.funding.forms import MoneyField

    field, found = MoneyField(required=False), {}
    for pk, text in asked.items():
        try:
            cents = field.clean(text[:20])
        except ValueError as error:
            raise services.InvoiceError(f"{text} is no amount.") from error
        if cents:
            found[pk] = cents
    return found


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def payment(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_payment(request.user, pk)
    if found.patient:
        get_patient(request.user, found.patient_id)  # type: ignore[arg-type]
        record_view(found.patient, section="payment")
    return _page(request, found)


def _page(
    request: SignedInRequest, found: Payment, *, problem: str = "", status: int = 200
) -> HttpResponse:
    address = found.contact.email if found.contact else ""
    if found.patient and not found.contact:
        address = mail_of(found.patient)
    context = {
        "payment": found,
        "shares": found.allocations.filter(undone_at=None).select_related("invoice__patient"),
        "refunds": found.refunds.filter(undone_at=None),
        "mails": found.mails.all(),
        "mail_form": MailForm(initial={"address": address}),
        "refund_form": RefundForm(
            initial={"amount": written(found.left_cents), "method": found.method}
        ),
        "problem": problem,
    }
    return render(request, "invoices/payment.html", context, status=status)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def receipt(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_payment(request.user, pk)
    if found.patient:
        record_view(found.patient, section="receipt")
    return pdf_response(
        receipt_paper(found).pdf(request.tenant), file_name("receipt", found.number)
    )


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def mail_receipt(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_payment(request.user, pk)
    try:
        services.mail_receipt(
            found, actor=request.user, address=request.POST.get("address", "")[:254]
        )
    except services.InvoiceError as error:
        return _page(request, found, problem=str(error), status=422)
    messages.success(request, "The receipt is on its way.")
    return redirect("invoices:payment", pk=found.pk)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def void_payment(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_payment(request.user, pk)
    reason = request.POST.get("reason", "").strip()[:300]
    try:
        services.void_payment(found, actor=request.user, reason=reason, on=timezone.localdate())
    except services.InvoiceError as error:
        return _page(request, found, problem=str(error), status=422)
    messages.success(request, "The payment is taken back. Its invoices owe again.")
    return redirect("invoices:payment", pk=found.pk)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def refund(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Give credit back: of a payment, or of a credit note."""
    source: Payment | CreditNote
    if kind == "payment":
        source = get_object_or_404(visible_payments(request.user), pk=pk)
        back = redirect("invoices:payment", pk=source.pk)
    elif kind == "credit-note":
        source = _note(request, pk)
        back = redirect("invoices:detail", pk=source.invoice_id)
    else:
        raise Http404
    form = RefundForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The refund was not written: the amount is wrong.")
        return back
    asked = form.cleaned_data
    try:
        services.refund(
            source,
            asked["amount"],
            actor=request.user,
            on=timezone.localdate(),
            method=asked["method"],
            reference=asked["reference"],
            reason=asked["reason"],
        )
    except services.InvoiceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{money(asked['amount'])} refunded.")
    return back


# ── credit notes ─────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def credit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write a credit note to an issued invoice."""
    invoice = selectors.get_bill(request.user, pk)
    left = services.credit_all(invoice)
    form = CreditForm(request.POST or None, invoice=invoice, left=left)
    if request.method == "POST" and form.is_valid():
        try:
            note = services.credit_invoice(
                invoice,
                form.shares(),
                actor=request.user,
                reason=form.cleaned_data["reason"],
                on=timezone.localdate(),
            )
        except services.InvoiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Credit note {note.number} is written.")
            return redirect("invoices:detail", pk=invoice.pk)
    context = {"invoice": invoice, "form": form, "left": left}
    status = 422 if request.method == "POST" else 200
    return record_page(
        request, invoice.patient, "invoices/credit.html", context, tab=TAB, status=status
    )


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def credit_note(request: SignedInRequest, pk: UUID) -> HttpResponse:
    note = _note(request, pk)
    record_view(note.patient, section="credit note")
    made = credit_note_paper(note).pdf(request.tenant)
    return pdf_response(made, file_name("credit-note", note.number))


def _note(request: SignedInRequest, pk: UUID) -> CreditNote:
    notes = CreditNote.objects.filter(invoice__in=visible_bills(request.user))
    return get_object_or_404(notes.select_related("invoice", "patient"), pk=pk)


# ── back again ───────────────────────────────────────────────────────────────────────────────────


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def take_back(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Take back a share of a payment, a refund or a write-off."""
    bills, today = visible_bills(request.user), timezone.localdate()
    back = redirect("invoices:bills")
    try:
        if kind == "share":
            share = get_object_or_404(Allocation.objects.filter(invoice__in=bills), pk=pk)
            back = redirect("invoices:detail", pk=share.invoice_id)
            services.take_back_allocation(share, actor=request.user, on=today)
        elif kind == "write-off":
            made = get_object_or_404(WriteOff.objects.filter(invoice__in=bills), pk=pk)
            back = redirect("invoices:detail", pk=made.invoice_id)
            services.take_back_write_off(made, actor=request.user, on=today)
        elif kind == "refund":
            given = get_object_or_404(Refund.objects.select_related("credit_note"), pk=pk)
            back = (
                redirect("invoices:payment", pk=given.payment_id)
                if given.payment_id
                else redirect("invoices:detail", pk=given.credit_note.invoice_id)  # type: ignore[union-attr]
            )
            services.take_back_refund(given, actor=request.user, on=today)
        else:
            raise Http404
    except services.InvoiceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Taken back.")
    return back
