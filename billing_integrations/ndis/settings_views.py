"""Settings → NDIS: regions and price limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.invoices.services import billing_details
from billing_integrations.ndis import comparing, selectors, services
from billing_integrations.ndis.claim_rows import provider_problems
from billing_integrations.ndis.forms import PriceFileForm, RegionsForm, UseForm
from billing_integrations.ndis.links import billing_settings_url
from billing_integrations.ndis.models import PriceList
from billing_integrations.ndis.regions import Region
from billing_integrations.ndis.tables import TableError

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

SHOWN = 100
UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def page(request: SignedInRequest) -> HttpResponse:
    """Show regions, what of the clinic is missing, and the price lists."""
    return _page(request)


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def regions(request: SignedInRequest) -> HttpResponse:
    form = RegionsForm(request.POST)
    if not form.is_valid():
        return _page(request, regions_form=form)
    services.set_regions(form.cleaned_data["usual"], form.by_location(), actor=request.user)
    messages.success(request, "Saved.")
    return redirect("ndis:settings")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def upload(request: SignedInRequest) -> HttpResponse:
    """Read a price file and show what was recognised."""
    form = PriceFileForm(request.POST, request.FILES)
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            loaded = services.load_price_list(
                sent.read(), actor=request.user, file_name=sent.name, at=timezone.now()
            )
        except TableError as error:
            form.add_error("file", str(error))
        else:
            return redirect("ndis:price_list", pk=loaded.pk)
    return _page(request, price_form=form)


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def price_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a list: what was recognised, what it changes, what could not be read, its items."""
    return _price_list(request, selectors.get_price_list(pk))


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def use(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_price_list(pk)
    form = UseForm(request.POST)
    if form.is_valid():
        try:
            services.use_price_list(
                found,
                actor=request.user,
                at=timezone.now(),
                valid_from=form.cleaned_data["valid_from"],
                may_leave_out=form.cleaned_data["may_leave_out"],
            )
        except services.NdisError as error:
            form.add_error(None, str(error))
        else:
            day = form.cleaned_data["valid_from"]
            messages.success(request, f"The price limits hold from {day.day} {day:%b %Y}.")
            return redirect("ndis:settings")
    return _price_list(request, found, form)


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    try:
        services.discard_price_list(selectors.get_price_list(pk), actor=request.user)
    except services.NdisError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The list is thrown away.")
    return redirect("ndis:settings")


def _page(
    request: SignedInRequest,
    *,
    regions_form: RegionsForm | None = None,
    price_form: PriceFileForm | None = None,
) -> HttpResponse:
    lists = selectors.price_lists()
    today = timezone.localdate()
    in_use = [one for one in lists if one.state == PriceList.State.IN_USE]
    context: dict[str, Any] = {
        "regions_form": regions_form or RegionsForm(),
        "price_form": price_form or PriceFileForm(),
        "lists": lists,
        "current": next((one for one in in_use if one.valid_from <= today), None),
        "missing": provider_problems(billing_details()),
        "billing_url": billing_settings_url(),
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "ndis/settings.html", context, status=status)


def _price_list(
    request: SignedInRequest, found: PriceList, form: UseForm | None = None
) -> HttpResponse:
    typed = request.GET.get("q", "").strip()
    items = found.items.all()
    if typed:
        items = items.filter(number__startswith=typed.replace(" ", "").upper())
    is_draft = found.state == PriceList.State.DRAFT
    context = {
        "price_list": found,
        "form": form or UseForm(initial={"valid_from": found.valid_from}),
        "items": [
            {"item": item, "prices": [item.prices.get(region) for region in Region.values]}
            for item in items[:SHOWN]
        ],
        "regions": [(region.value, region.label) for region in Region],
        "typed": typed,
        "more": max(items.count() - SHOWN, 0),
        "changes": comparing.changes_of(found) if is_draft else None,
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "ndis/price_list.html", context, status=status)
