"""Tokens of the API, and the networks the console answers from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from operators import networks, tokens
from operators.forms import NetworkForm, TokenForm
from operators.models import AllowedNetwork, ApiToken

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest


@require_http_methods(["GET", "POST"])
@requires(Action.RUN, Resource.TENANTS)
def token_list(request: HttpRequest) -> HttpResponse:
    """Answer the operator's own tokens; a new one is shown in this answer and never again."""
    form, made = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _, made = tokens.make_token(
            request.user,  # type: ignore[arg-type]
            name=form.cleaned_data["name"],
            days=int(form.cleaned_data["days"]),
        )
        form = TokenForm()
    context = {
        "form": form,
        "made": made,
        "tokens": tokens.tokens_of(request.user),  # type: ignore[arg-type]
        "now": timezone.now(),
        "example": request.build_absolute_uri("/api/v1/clinics/"),
    }
    return render(request, "operators/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Action.RUN, Resource.TENANTS)
def revoke_token(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """End one of one's own tokens."""
    try:
        kept = tokens.revoke_token(request.user, token_id)  # type: ignore[arg-type]
    except ApiToken.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"“{kept.name}” opens nothing any more.")
    return redirect("operators:tokens")


@require_http_methods(["GET", "POST"])
@requires(Action.CHANGE, Resource.TENANTS)
def network_list(request: HttpRequest) -> HttpResponse:
    """Answer from where the console may be opened, and let a network in."""
    form = NetworkForm(request.POST or None)
    address = request.META.get("REMOTE_ADDR", "")
    if request.method == "POST" and form.is_valid():
        try:
            kept = networks.allow(
                form.cleaned_data["network"],
                note=form.cleaned_data["note"],
                added_by=request.user.email,  # type: ignore[union-attr]
                address=address,
            )
        except networks.NetworkError as error:
            form.add_error("network", str(error))
        else:
            messages.success(request, f"{kept.network} may open the console.")
            return redirect("operators:networks")
    context = {
        "form": form,
        "kept": list(AllowedNetwork.objects.all()),
        "fixed": settings.OPERATORS_NETWORKS,
        "address": address,
    }
    return render(request, "operators/networks.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Action.CHANGE, Resource.TENANTS)
def disallow_network(request: HttpRequest, network_id: int) -> HttpResponse:
    """Take a network off the list."""
    kept = AllowedNetwork.objects.filter(pk=network_id).first()
    if kept is None:
        raise Http404
    try:
        networks.disallow(kept, address=request.META.get("REMOTE_ADDR", ""))
    except networks.NetworkError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{kept.network} may not open the console any more.")
    return redirect("operators:networks")
