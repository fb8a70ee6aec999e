"""Invoices: the lists, one of them, drafts, and what is done with issued ones."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from billing_integrations.invoices import hooks, listing, panels, selectors, services
from billing_integrations.invoices.debtors import statement_accounts
from billing_integrations.invoices.forms import (
    ChooseForm,
    DraftForm,
    MailForm,
    PaymentForm,
    line_forms,
    written,
)
from billing_integrations.invoices.models import (
    Invoice,
    InvoiceMail,
    PayerKind,
    Payment,
    PriceItem,
)
from billing_integrations.invoices.payers import Payer, PayerBook, mail_of
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.printing import file_name, invoice_paper
from billing_integrations.invoices.rules import visible_bills
from billing_integrations.invoices.services.access import locked_invoice
from billing_integrations.invoices.services.charging import RELATED, propose
from clinical.contacts.models import Contact
from clinical.contacts.selectors import OFFERED, list_contacts
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from ui.wording import money

if TYPE_CHECKING:
    from billing_integrations.invoices.services import Charge
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "invoices:list"


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def invoice_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a patient's account: what is to be charged, invoices, payments, and the old system's."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="invoices")
    today = timezone.localdate()
    visits = list(
        listing.visits_to_charge(request.user, patient=patient).select_related(*RELATED)[:30]
    )
    payers = PayerBook([patient.pk])
    account = selectors.account_of(request.user, patient, today=today)
    context = {
        "account": account,
        "proposals": propose(visits, payers=payers) if visits else [],
        "payer": payers.payer_of(patient, patient.funding_type, today),
        "accounts": statement_accounts(patient, account.invoices),
        "found": selectors.invoices_of(request.user, patient),
        "most": selectors.SHOWN,
        "today": today,
    }
    return record_page(request, patient, "invoices/list.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def bills(request: SignedInRequest) -> HttpResponse:
    """List the clinic's invoices, the newest first."""
    form = ChooseForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    payer, contact = asked.get("payer", ""), None
    with contextlib.suppress(ValueError):
        contact = Contact.objects.filter(pk=UUID(payer)).first()
    before = None
    with contextlib.suppress(ValueError):
        before = UUID(request.GET.get("before", ""))
    wanted = listing.Wanted(
        view=asked.get("view", ""),
        payer_kind=payer if payer in PayerKind else "",
        contact=contact,
        since=asked.get("since"),
        until=asked.get("until"),
        number=asked.get("number", "").strip(),
        before=before,
    )
    page = listing.find_invoices(request.user, wanted, today=timezone.localdate())
    kept = {
        name: request.GET.get(name, "") for name in ("view", "payer", "since", "until", "number")
    }
    kept = {name: value for name, value in kept.items() if value}
    older = {**kept, "before": str(page.older)} if page.older else None
    context = {
        "page": page,
        "form": form,
        "wanted": wanted,
        "views": [
            {
                "label": label,
                "url": reverse("invoices:bills", query={**kept, "view": key}),
                "active": key == wanted.view,
            }
            for key, (label, _) in listing.VIEWS.items()
        ],
        "kinds": [choice for choice in PayerKind.choices if choice[0] != PayerKind.CONTACT],
        "contacts": _paying_contacts(),
        "older": reverse("invoices:bills", query=older) if older else "",
        "is_narrowed": bool(kept),
        "today": timezone.localdate(),
    }
    return render(request, "invoices/bills.html", context)


def _paying_contacts() -> list[Contact]:
    return list(
        Contact.objects.filter(pk__in=Invoice.objects.order_by().values("contact")).only(
            "name", "title", "given_names", "family_name", "organisation"
        )[:200]
    )


# ── one invoice ──────────────────────────────────────────────────────────────────────────────────


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show an invoice; one of the old system's stands at the same address."""
    if not Invoice.objects.filter(pk=pk).exists():
        return _past(request, pk)
    invoice = selectors.get_bill(request.user, pk)
    record_view(invoice.patient, section="invoice")
    return _page(request, invoice)


def _page(
    request: SignedInRequest, invoice: Invoice, *, problem: str = "", status: int = 200
) -> HttpResponse:
    lines = list(invoice.lines.select_related("practitioner", "appointment"))
    shares = invoice.allocations.filter(undone_at=None).select_related("payment", "credit_note")
    address = (
        mail_of(invoice.patient)
        if invoice.payer_kind == PayerKind.PATIENT
        else (invoice.contact.email if invoice.contact else "")
    )
    context = {
        "invoice": invoice,
        "lines": lines,
        "gst_total": sum(line.gst_cents for line in lines),
        "shares": shares,
        "credit_notes": invoice.credit_notes.all(),
        "write_offs": invoice.write_offs.filter(undone_at=None),
        "mails": invoice.mails.all()[:20],
        "mail_form": MailForm(initial={"address": address}),
        "credit": selectors.credit_for(invoice) if invoice.is_open else [],
        "panels": panels.panels_of(request.user, invoice),
        "blocks": panels.blocks_of(request.user, invoice),
        "warnings": hooks.warnings_of(invoice),
        "problem": problem,
        "is_overdue": bool(
            invoice.is_open and invoice.due_on and invoice.due_on < timezone.localdate()
        ),
    }
    return record_page(
        request, invoice.patient, "invoices/bill.html", context, tab=TAB, status=status
    )


def _past(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_past_invoice(request.user, pk)
    patient = invoice.patient
    if patient is None:
        raise Http404
    record_view(patient, section="invoice")
    context = {
        "invoice": invoice,
        "lines": selectors.lines_of(invoice),
        "extra": sorted(invoice.extra.items()),
    }
    return record_page(request, patient, "invoices/detail.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_bill(request.user, pk)
    record(
        "export",
        object_type=Invoice._meta.db_table,
        object_id=str(invoice.pk),
        subject_id=str(invoice.patient_id),
        payload={"section": "invoice", "format": "pdf"},
    )
    made = invoice_paper(invoice).pdf(request.tenant)
    return pdf_response(made, file_name("invoice", invoice.number))


def pdf_response(made: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


# ── drafts ───────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write an invoice by hand."""
    patient = get_patient(request.user, pk)
    today = timezone.localdate()
    usual = PayerBook([patient.pk]).payer_of(patient, patient.funding_type, today)
    initial = {
        "payer_kind": usual.kind,
        "contact": usual.contact,
        "reference": usual.reference,
    }
    form = DraftForm(request.POST or None, initial=initial)
    lines = line_forms(request.POST or None)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        columns = form.columns()
        payer = Payer(columns.pop("payer_kind"), columns.pop("contact"))
        try:
            invoice = services.draft_invoice(
                patient, actor=request.user, payer=payer, charges=_charges(lines), **columns
            )
        except services.InvoiceError as error:
            form.add_error(None, str(error))
        else:
            return redirect("invoices:detail", pk=invoice.pk)
    return _editor(request, patient, form, lines)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.INVOICES)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Change a draft."""
    invoice = selectors.get_bill(request.user, pk)
    if not invoice.is_draft:
        messages.error(request, "An issued invoice is not changed. Write a credit note instead.")
        return redirect("invoices:detail", pk=invoice.pk)
    before = list(invoice.lines.select_related("item", "appointment", "practitioner", "location"))
    initial = {
        name: getattr(invoice, name)
        for name in ("payer_kind", "contact", "reference", "due_on", "note")
    }
    initial["seen"] = invoice.changed_at.isoformat()
    form = DraftForm(request.POST or None, initial=initial)
    lines = line_forms(request.POST or None, before)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        try:
            services.change_draft(
                invoice,
                actor=request.user,
                seen=_seen(form),
                fields=form.columns(),
                charges=_charges(lines, {str(line.pk): line for line in before}),
            )
        except services.InvoiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("invoices:detail", pk=invoice.pk)
    return _editor(request, invoice.patient, form, lines, invoice)


def _seen(form: DraftForm) -> datetime:
    try:
        return datetime.fromisoformat(form.cleaned_data["seen"])
    except ValueError:
        raise services.ChangedMeanwhileError("The form is incomplete. Open it again.") from None


def _charges(lines: Any, before: dict[str, Any] | None = None) -> list[Charge]:
    return [charge for form in lines.forms if (charge := form.charge(before or {}))]


def _editor(
    request: SignedInRequest,
    patient: Patient,
    form: DraftForm,
    lines: Any,
    invoice: Invoice | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "lines": lines,
        "invoice": invoice,
        "chosen": form.chosen(),
        "kind": form["payer_kind"].value(),
        "offered": list_contacts("", kind="plan_manager", size=OFFERED).contacts,
        "items": _prices_of(lines.items, patient),
    }
    status = 422 if request.method == "POST" else 200
    return record_page(request, patient, "invoices/edit.html", context, tab=TAB, status=status)


def _prices_of(items: list[PriceItem], patient: Patient) -> dict[str, dict[str, str]]:
    """Answer what the page fills in when an item is chosen."""
    book, today = PriceBook.read(), timezone.localdate()
    return {
        str(item.pk): {
            "description": item.name,
            "price": written(book.price_of(item.pk, None, patient.funding_type_id, today)),
            "gst_rule": item.gst_rule,
        }
        for item in items
    }


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def issue(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_bill(request.user, pk)
    try:
        issued = services.issue_invoice(invoice, actor=request.user)
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, f"Invoice {issued.number} is issued.")
    if request.POST.get("then") == "pay":
        return redirect("invoices:pay", pk=issued.pk)
    return redirect("invoices:detail", pk=issued.pk)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def delete(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_bill(request.user, pk)
    try:
        services.delete_draft(invoice, actor=request.user)
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, "The draft is thrown away. Its visits can be charged again.")
    return redirect(TAB, pk=invoice.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def void(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_bill(request.user, pk)
    reason = request.POST.get("reason", "")[:300]
    try:
        services.void_invoice(invoice, actor=request.user, reason=reason, on=timezone.localdate())
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, f"Invoice {invoice.number} is void.")
    return redirect("invoices:detail", pk=invoice.pk)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def mail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send an issued invoice to an address."""
    invoice = selectors.get_bill(request.user, pk)
    try:
        services.mail_invoice(
            invoice, actor=request.user, address=request.POST.get("address", "")[:254]
        )
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, "The invoice is on its way.")
    return redirect("invoices:detail", pk=invoice.pk)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def mail_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send a mail once more that did not arrive."""
    mails = InvoiceMail.objects.filter(invoice__in=visible_bills(request.user))
    again = get_object_or_404(mails.select_related("invoice"), pk=pk)
    try:
        services.send_again(again, actor=request.user)
    except services.InvoiceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is on its way again.")
    return redirect("invoices:detail", pk=again.invoice_id)


# ── money for one invoice ────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INVOICES)
def pay(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take a payment for one invoice."""
    invoice = selectors.get_bill(request.user, pk)
    initial = {
        "amount": written(invoice.open_cents if invoice.is_open else 0),
        "paid_on": timezone.localdate(),
        "method": Payment.Method.CARD
        if invoice.payer_kind == PayerKind.PATIENT
        else Payment.Method.TRANSFER,
    }
    form = PaymentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        amount = form.cleaned_data["amount"]
        try:
            payment = services.record_payment(invoice, amount, actor=request.user, **form.columns())
        except services.InvoiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{money(amount)} received, receipt {payment.number}.")
            return redirect("invoices:detail", pk=invoice.pk)
    context = {"invoice": invoice, "form": form}
    status = 422 if request.method == "POST" else 200
    return record_page(
        request, invoice.patient, "invoices/pay.html", context, tab=TAB, status=status
    )


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def use_credit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Let the payer's credit settle the invoice, as far as it goes."""
    invoice = selectors.get_bill(request.user, pk)
    try:
        used = 0
        for source in selectors.credit_for(invoice):
            held = locked_invoice(invoice)
            cents = min(source.left_cents, held.open_cents)
            if cents > 0 and held.is_open:
                today = timezone.localdate()
                services.use_credit(source, held, cents, actor=request.user, on=today)
                used += cents
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, f"{money(used)} of credit used.")
    return redirect("invoices:detail", pk=invoice.pk)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def write_off(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_bill(request.user, pk)
    reason = request.POST.get("reason", "").strip()[:300]
    try:
        services.write_off(invoice, actor=request.user, reason=reason, on=timezone.localdate())
    except services.InvoiceError as error:
        return _page(request, invoice, problem=str(error), status=422)
    messages.success(request, "Written off.")
    return redirect("invoices:detail", pk=invoice.pk)
