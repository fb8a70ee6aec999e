"""Who owes how much, what came in, and statements."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from openpyxl import Workbook

from accounts.permissions import Action, Resource, requires
from audit.services import record
from billing_integrations.invoices import debtors, services
from billing_integrations.invoices.debtors import Account
from billing_integrations.invoices.delivery import address_of, whom
from billing_integrations.invoices.forms import ChooseForm, MailForm
from billing_integrations.invoices.models import Invoice, PayerKind
from billing_integrations.invoices.printing import file_name, statement_paper
from billing_integrations.invoices.views import pdf_response
from clinical.contacts.models import Contact
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from ui.spreadsheets import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from clinical.practice.requests import SignedInRequest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CENTS = 100
STATEMENT_DAYS = 90


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def aged(request: SignedInRequest) -> HttpResponse:
    """Show everybody who owes, by how long it is overdue."""
    found = debtors.aged_debtors(request.user, today=timezone.localdate())
    sums = debtors.sums_of(found)
    context = {
        "debtors": found[:500],
        "ages": debtors.AGES,
        "bands": list(zip(debtors.AGES, sums, strict=True)),
        "sums": sums,
        "total_cents": sum(sums),
        "is_cut": len(found) > 500,  # noqa: PLR2004
    }
    return render(request, "invoices/debtors.html", context)


@require_safe
@requires(Action.EXPORT, Resource.INVOICES)
def aged_file(request: SignedInRequest, kind: str) -> HttpResponse:
    """Answer the same as a file: csv or xlsx."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    today = timezone.localdate()
    rows = list(_rows(debtors.aged_debtors(request.user, today=today)))
    record(
        "export",
        object_type=Invoice._meta.db_table,
        payload={"section": "aged debtors", "format": kind, "rows": len(rows) - 1},
    )
    made, content_type = (_csv(rows), "text/csv") if kind == "csv" else (_xlsx(rows), XLSX)
    name = f"debtors-{today}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(made, content_type=content_type, headers=headers)


def _rows(found: list[debtors.Debtor]) -> Iterator[list[Any]]:
    yield ["Payer", "Kind", "Invoices", *debtors.AGES, "Owed", "Credit"]
    for one in found:
        cents = [*one.cents, one.total_cents, one.credit_cents]
        kind = PayerKind(one.account.kind).label
        yield [safe_text(one.account.name), kind, one.count, *(value / CENTS for value in cents)]


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([f"{one:.2f}" if isinstance(one, float) else one for one in row])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Debtors")
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def takings(request: SignedInRequest) -> HttpResponse:
    """Show what came in on a day, or between two."""
    form = ChooseForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    today = timezone.localdate()
    since = asked.get("since") or today
    until = max(asked.get("until") or since, since)
    until = min(until, since + timedelta(days=92))
    context = {
        "form": form,
        "found": debtors.takings(request.user, since=since, until=until),
        "since": since,
        "until": until,
        "before": since - timedelta(days=1),
        "after": until + timedelta(days=1),
        "is_today": since == until == today,
    }
    return render(request, "invoices/takings.html", context)


# ── statements ───────────────────────────────────────────────────────────────────────────────────


def _account(request: SignedInRequest, kind: str, pk: UUID) -> Account:
    if kind == PayerKind.PATIENT:
        patient = get_patient(request.user, pk)
        record_view(patient, section="statement")
        return Account(kind, patient=patient)
    if kind == PayerKind.CONTACT:
        return Account(kind, contact=get_object_or_404(Contact, pk=pk))
    raise Http404


def _days(asked: dict[str, Any]) -> tuple[date, date]:
    until = asked.get("until") or timezone.localdate()
    return asked.get("since") or until - timedelta(days=STATEMENT_DAYS), until


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def statement(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Show a payer's account between two days; as a PDF where that is asked for."""
    account = _account(request, kind, pk)
    form = ChooseForm(request.GET)
    since, until = _days(form.cleaned_data if form.is_valid() else {})
    found = debtors.statement_of(account, since=since, until=until)
    if request.GET.get("as") == "pdf":
        made = statement_paper(found, whom(account)).pdf(request.tenant)
        return pdf_response(made, file_name("statement", ""))
    context = {
        "statement": found,
        "account": account,
        "kind": kind,
        "pk": pk,
        "form": form,
        "mail_form": MailForm(initial={"address": address_of(account)}),
    }
    return render(request, "invoices/statement.html", context)


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def mail_statement(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    account = _account(request, kind, pk)
    form = ChooseForm(request.POST)
    since, until = _days(form.cleaned_data if form.is_valid() else {})
    try:
        services.mail_statement(
            account,
            since=since,
            until=until,
            actor=request.user,
            address=request.POST.get("address", "")[:254],
        )
    except services.InvoiceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The statement is on its way.")
    return redirect("invoices:statement", kind=kind, pk=pk)
