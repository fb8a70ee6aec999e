"""Settings → Billing: the clinic's details, the price list, fees, who pays; and a patient's payer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.invoices import services
from billing_integrations.invoices.forms import (
    DetailsForm,
    FundingPayerForm,
    ItemForm,
    PayerForm,
    RuleForm,
    TypeItemForm,
    price_forms,
)
from billing_integrations.invoices.models import (
    CancellationRule,
    DefaultPayer,
    FundingPayer,
    ItemForType,
    PriceItem,
)
from billing_integrations.invoices.payers import guess_payer
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.services import pricelist
from billing_integrations.invoices.views import TAB
from clinical.contacts.models import Contact
from clinical.contacts.selectors import OFFERED, list_contacts
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.practice.models import AppointmentType, FundingType

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

_PAGES = (
    ("Practice details", "invoices:settings"),
    ("Price list", "invoices:prices"),
    ("What visits cost", "invoices:visit_items"),
    ("Cancellation fees", "invoices:fees"),
    ("Who pays", "invoices:funding_payers"),
)


def _tabs(active: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": reverse(name), "active": name == active} for label, name in _PAGES
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.SETTINGS)
def details(request: SignedInRequest) -> HttpResponse:
    """Show the clinic as its invoices name it; who may change settings saves it."""
    found = services.billing_details()
    form = DetailsForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        pricelist.save_details(form.save(commit=False), actor=request.user)
        messages.success(request, "Saved. Invoices issued from now on say so.")
        return redirect("invoices:settings")
    context = {"form": form, "tabs": _tabs("invoices:settings")}
    return render(
        request, "invoices/settings.html", context, status=422 if request.method == "POST" else 200
    )


# ── the price list ───────────────────────────────────────────────────────────────────────────────


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def prices(request: SignedInRequest) -> HttpResponse:
    today = timezone.localdate()
    items = list(PriceItem.objects.prefetch_related("prices").order_by("-is_active", "code"))
    rows = []
    for item in items:
        live = [
            one
            for one in item.prices.all()
            if one.valid_from <= today and (one.valid_to is None or today <= one.valid_to)
        ]
        cents = sorted({one.cents for one in live})
        rows.append({"item": item, "least": cents[:1], "most": cents[1:][-1:], "count": len(live)})
    context = {"rows": rows, "tabs": _tabs("invoices:prices")}
    return render(request, "invoices/prices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_item(request: SignedInRequest) -> HttpResponse:
    return _item_page(request, PriceItem())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_item(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _item_page(request, get_object_or_404(PriceItem, pk=pk))


def _item_page(request: SignedInRequest, item: PriceItem) -> HttpResponse:
    is_new = item._state.adding  # noqa: SLF001 - Django's documented Model API
    form = ItemForm(request.POST or None, instance=item)
    rows = price_forms(request.POST or None, () if is_new else item.prices.all())
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        wanted = form.save(commit=False)
        wanted.rebate_cents = form.cleaned_data["rebate"]
        columns = [column for one in rows.forms if (column := one.columns())]
        try:
            pricelist.save_item(wanted, actor=request.user, prices=columns)
        except services.InvoiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. What was invoiced before keeps its price.")
            return redirect("invoices:prices")
    context = {"form": form, "prices": rows, "item": None if is_new else item}
    return render(
        request, "invoices/item.html", context, status=422 if request.method == "POST" else 200
    )


# ── what visits cost ─────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.SETTINGS)
def visit_items(request: SignedInRequest) -> HttpResponse:
    """Show what each kind of visit is charged as, and what it comes to today."""
    form = TypeItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        pricelist.choose_item(
            asked["appointment_type"], asked["funding_type"], asked["item"], actor=request.user
        )
        messages.success(request, "Saved.")
        return redirect("invoices:visit_items")
    book, today = PriceBook.read(), timezone.localdate()
    choices = ItemForType.objects.select_related("appointment_type", "funding_type", "item")
    found = list(choices.order_by("appointment_type__name", "funding_type__name"))
    rows = [
        {
            "choice": one,
            "cents": book.price_of(
                one.item_id, one.appointment_type_id, one.funding_type_id, today
            ),
        }
        for one in found
    ]
    chosen = {one.appointment_type_id for one in found}
    missing = AppointmentType.objects.filter(is_active=True).exclude(pk__in=chosen)
    context = {
        "form": form,
        "rows": rows,
        "missing": list(missing),
        "tabs": _tabs("invoices:visit_items"),
    }
    return render(request, "invoices/visit_items.html", context)


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def forget_item(request: SignedInRequest, pk: UUID) -> HttpResponse:
    pricelist.forget_item(get_object_or_404(ItemForType, pk=pk), actor=request.user)
    messages.success(request, "Removed.")
    return redirect("invoices:visit_items")


# ── fees ─────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def fees(request: SignedInRequest) -> HttpResponse:
    rules = CancellationRule.objects.select_related("appointment_type", "funding_type", "item")
    context = {"rules": list(rules), "tabs": _tabs("invoices:fees")}
    return render(request, "invoices/fees.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_fee(request: SignedInRequest) -> HttpResponse:
    return _fee_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_fee(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _fee_page(request, get_object_or_404(CancellationRule, pk=pk))


def _fee_page(request: SignedInRequest, rule: CancellationRule | None) -> HttpResponse:
    form = RuleForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        pricelist.save_rule(form.save(commit=False), actor=request.user)
        messages.success(request, "Saved.")
        return redirect("invoices:fees")
    return render(
        request,
        "invoices/fee.html",
        {"form": form, "rule": rule},
        status=422 if request.method == "POST" else 200,
    )


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def remove_fee(request: SignedInRequest, pk: UUID) -> HttpResponse:
    pricelist.remove_rule(get_object_or_404(CancellationRule, pk=pk), actor=request.user)
    messages.success(request, "Removed.")
    return redirect("invoices:fees")


# ── who pays ─────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.SETTINGS)
def funding_payers(request: SignedInRequest) -> HttpResponse:
    """Say who pays for each way of funding, where a patient has no payer of their own."""
    form = FundingPayerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        pricelist.set_funding_payer(
            asked["funding_type"], kind=asked["kind"], contact=asked["contact"], actor=request.user
        )
        messages.success(request, "Saved.")
        return redirect("invoices:funding_payers")
    known = {one.funding_type_id: one for one in FundingPayer.objects.select_related("contact")}
    rows = [
        {
            "funding": funding,
            "payer": known.get(funding.pk),
            "kind": known[funding.pk].kind if funding.pk in known else guess_payer(funding),
        }
        for funding in FundingType.objects.filter(is_active=True)
    ]
    payers = Contact.objects.filter(is_active=True, kind__in=["insurer", "plan_manager", "other"])
    context = {
        "form": form,
        "rows": rows,
        "kinds": FundingPayer.Kind.choices,
        "contacts": list(payers[:200]),
        "tabs": _tabs("invoices:funding_payers"),
    }
    return render(
        request,
        "invoices/funding_payers.html",
        context,
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.INVOICES)
def payer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Say who pays for one patient's visits."""
    patient = get_patient(request.user, pk)
    form = PayerForm(request.POST or None, initial={"payer_kind": "contact"})
    if request.method == "POST" and form.is_valid():
        pricelist.set_payer(patient, actor=request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("invoices:payer", pk=patient.pk)
    own = DefaultPayer.objects.filter(patient=patient).select_related("contact", "funding_type")
    context = {
        "form": form,
        "own": list(own),
        "chosen": None,
        "offered": list_contacts("", kind="plan_manager", size=OFFERED).contacts,
    }
    status = 422 if request.method == "POST" else 200
    return record_page(request, patient, "invoices/payer.html", context, tab=TAB, status=status)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def forget_payer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(DefaultPayer.objects.select_related("patient"), pk=pk)
    get_patient(request.user, found.patient_id)
    pricelist.forget_payer(found, actor=request.user)
    messages.success(request, "Removed.")
    return redirect("invoices:payer", pk=found.patient_id)
