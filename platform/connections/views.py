"""The pages about a clinic's connections, and where consents come back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from connections import cards, consent, deliveries, services
from connections.sealing import last_letters, open_secrets
from tenants.vault import VaultError
from ui import csp

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest

    from accounts.models import User
    from connections.cards import Card
    from connections.models import Connection
    from connections.providers import Provider


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def integrations(request: HttpRequest) -> HttpResponse:
    """Show every vendor and how its connection fares."""
    shown = cards.sections()
    context = {
        "sections": shown,
        "undecided": deliveries.count_undecided(),
        "unhandled": cards.events_in_trouble(),
    }
    response = render(request, "connections/list.html", context)
    origins = cards.vendor_origins([card for section in shown for card in section.cards])
    csp.allow(response, "form-action", *origins)
    return response


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def card(request: HttpRequest, provider: str) -> HttpResponse:
    """Answer one vendor's card, as the page asks for it while something is under way."""
    return render(request, "connections/_card.html", {"card": _card(provider)})


# ── connecting ───────────────────────────────────────────────────────────────────────────────────


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.INTEGRATIONS)
def connect(request: HttpRequest, provider: str) -> HttpResponse:
    """Lead to the vendor's consent page, or show the form that its details are entered in."""
    found = _card(provider)
    try:
        services.check_may_begin(found.provider)
    except services.ConnectError as refusal:
        messages.error(request, str(refusal))
        return redirect("integrations:list")
    if found.provider.oauth is not None:
        return _to_consent(request, found)
    return _by_form(request, found)


def _to_consent(request: HttpRequest, found: Card) -> HttpResponse:
    if request.method != "POST":
        return redirect("integrations:list")
    url = consent.begin(
        found.provider,
        tenant=request.tenant,  # type: ignore[attr-defined]
        session=request.session,
        at=timezone.now(),
        options=found.connection.options if found.connection else None,
    )
    return HttpResponseRedirect(url)


def _by_form(request: HttpRequest, found: Card) -> HttpResponse:
    form = _form(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        secret = found.provider.secret_fields
        facts = form.cleaned_data
        secrets = {name: str(value) for name, value in facts.items() if name in secret}
        options = {name: value for name, value in facts.items() if name not in secret}
        try:
            _begin(request, found, secrets, options)
        except services.ConnectError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _back_to(found.provider)
    status = 422 if form.is_bound else 200
    return render(request, "connections/form.html", {"card": found, "form": form}, status=status)


def _begin(
    request: HttpRequest, found: Card, secrets: dict[str, str], options: dict[str, Any]
) -> None:
    facts: dict[str, Any] = {"secrets": secrets, "options": options, "at": timezone.now()}
    if found.connection is not None:
        services.change_form(found.connection, actor=_actor(request), **facts)
    else:
        services.begin(found.provider, actor=_actor(request), **facts)


def _form(found: Card, posted: Any) -> forms.Form:
    """Make the vendor's form; of a secret that is stored only its end is shown, and empty keeps it."""
    if found.provider.form is None:
        raise Http404
    initial = dict(found.connection.options) if found.connection else {}
    form = found.provider.form(posted, initial=initial)
    if found.connection is not None:
        for name, secret in _stored(found.connection).items():
            if name in found.provider.secret_fields and name in form.fields:
                form.fields[name].required = False
                form.fields[
                    name
                ].help_text = f"Stored: {last_letters(secret)}. Leave it empty to keep it."
    return form


def _stored(connection: Connection) -> dict[str, str]:
    try:
        return open_secrets(connection)
    except VaultError:
        return {}


@require_safe
@requires(Action.CREATE, Resource.INTEGRATIONS)
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a consent that the platform's host has handed over; a worker redeems it."""
    found = _card(provider).provider
    try:
        redeeming = consent.redeem(
            request.GET.get("state", ""),
            provider=provider,
            tenant=request.tenant,  # type: ignore[attr-defined]
            session=request.session,
        )
        code = consent.code_of(request.GET, vendor=found.name)
        secrets = {"code": code, "redirect_uri": consent.redirect_uri(found), **redeeming}
        services.begin(found, secrets=secrets, actor=_actor(request), at=timezone.now())
    except (consent.ConsentError, services.ConnectError) as refusal:
        messages.error(request, str(refusal))
        return redirect("integrations:list")
    return _back_to(found)


@require_safe
def public_callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Hand a person whom a vendor sends back to the platform over to their clinic, and to no other."""
    try:
        tenant = consent.clinic_of(request.GET.get("state", ""), provider=provider)
    except consent.ConsentError as refusal:
        return render(
            request, "connections/not_connected.html", {"words": str(refusal)}, status=400
        )
    passed = {name: request.GET[name] for name in ("code", "state", "error") if name in request.GET}
    path = reverse("integrations:callback", args=[provider], urlconf=_clinics())
    return HttpResponseRedirect(f"{tenant.url}{path}?{urlencode(passed)}")


def _clinics() -> str:
    from django.conf import settings

    return str(settings.CLINIC_URLCONF)


@require_POST
@requires(Action.CREATE, Resource.INTEGRATIONS)
def choose(request: HttpRequest, provider: str) -> HttpResponse:
    """Connect with one of the accounts that the consent reaches."""
    found = _card(provider)
    if found.attempt is None:
        messages.error(request, "This choice is not open any more. Start again.")
        return redirect("integrations:list")
    account = request.POST.get("account", "")
    try:
        services.choose_account(found.attempt, account, actor=_actor(request), at=timezone.now())
    except services.ConnectError as refusal:
        messages.error(request, str(refusal))
    return _back_to(found.provider)


@require_POST
@requires(Action.CREATE, Resource.INTEGRATIONS)
def dismiss(request: HttpRequest, provider: str) -> HttpResponse:
    """Forget an attempt that failed or is not wanted any more."""
    found = _card(provider)
    if found.attempt is not None:
        services.discard_attempt(found.attempt, actor=_actor(request))
    return _back_to(found.provider)


@require_POST
@requires(Action.RUN, Resource.INTEGRATIONS)
def test(request: HttpRequest, provider: str) -> HttpResponse:
    """Let a worker try the connection out."""
    found = _card(provider)
    if found.connection is None or not found.is_live:
        messages.error(request, f"{found.provider.name} is not connected.")
    else:
        services.start_check(found.connection, actor=_actor(request), at=timezone.now())
    return _back_to(found.provider)


@require_POST
@requires(Action.DELETE, Resource.INTEGRATIONS)
def disconnect(request: HttpRequest, provider: str) -> HttpResponse:
    """End a connection and drop its secrets."""
    found = _card(provider)
    if found.connection is None:
        return _back_to(found.provider)
    try:
        services.disconnect(found.connection, actor=_actor(request), at=timezone.now())
    except services.ConnectError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{found.provider.name} is disconnected. Its access is deleted here."
        )
    return _back_to(found.provider)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def delivery_list(request: HttpRequest) -> HttpResponse:
    """Show what needs a decision, what is on its way, and what was done."""
    show = request.GET.get("show", "decide")
    show = show if show in deliveries.SHOWS else "decide"
    page = deliveries.delivery_page(show, before=_uuid(request.GET.get("before", "")))
    url = reverse("integrations:deliveries")
    tabs = [
        {"label": label, "url": f"{url}?show={key}", "active": key == show}
        for key, (label, _states) in deliveries.SHOWS.items()
    ]
    older = f"{url}?show={show}&before={page.next_before}" if page.next_before else ""
    context = {"page": page, "show": show, "tabs": tabs, "older_url": older}
    return render(request, "connections/deliveries.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_DECISIONS = {
    "again": (services.try_again, "It is on its way again."),
    "done": (services.mark_done, "Noted as done."),
    "give_up": (services.give_up, "Given up."),
}


def _decide(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    entry = deliveries.get_entry(pk)
    service, words = _DECISIONS[verb]
    try:
        service(entry, actor=_actor(request), at=timezone.now())
    except services.ConnectError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, words)
    return redirect("integrations:deliveries")


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def deliver_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "again")


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def mark_done(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "done")


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def give_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, "give_up")


def _actor(request: HttpRequest) -> User:
    return cast("User", request.user)


def _card(provider: str) -> Card:
    found = cards.card_of(provider)
    if found is None:
        raise Http404("There is no such vendor.")
    return found


def _back_to(provider: Provider) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('integrations:list')}#{provider.key}")
