"""A person's own passkeys, and signing in with one as the second factor."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, cast

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST
from formtools.wizard.views import normalize_name

from accounts import throttle, trail
from accounts.selectors import has_factor
from accounts.services.factors import lock_person
from accounts.sessions import SessionStore
from accounts.signing_in import name_actor
from accounts.views.factor import ReauthenticatedView, issuer_of
from accounts.views.login import LoginView
from passkeys import services
from passkeys.models import Passkey
from passkeys.services import PasskeyError

if TYPE_CHECKING:
    from django.http import HttpRequest
    from fido2.server import Fido2Server

    from accounts.models import User

STATE = "passkeys.challenge"
ADD_UNTIL = "passkeys.add_until"
ADD_SECONDS = 10 * 60


def _server(request: HttpRequest) -> Fido2Server:
    host = request.get_host()
    return services.server_of(
        host=host.rpartition(":")[0] or host,
        origin=f"{request.scheme}://{host}",
        name=issuer_of(request),
    )


def _problem(words: str, status: int = 422) -> JsonResponse:
    return JsonResponse({"detail": words}, status=status)


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}


def _may_add(request: HttpRequest) -> bool:
    return bool(request.session.get(ADD_UNTIL, 0) > time.time())


@require_GET
def passkey_list(request: HttpRequest) -> HttpResponse:
    """Answer the person's own passkeys."""
    user = cast("User", request.user)
    context = {
        "passkeys": list(Passkey.objects.filter(user=user)),
        "may_add": _may_add(request),
        "has_factor": has_factor(user),
    }
    return render(request, "passkeys/list.html", context)


class AddView(ReauthenticatedView):
    """Asks for password and code before a passkey may be made."""

    title = "Add a passkey"
    explanation = "Your device or security key will be asked next."
    action = "Go on"

    def go_on(self, user: User) -> HttpResponse:
        if not has_factor(user):
            messages.error(
                self.request, "Set up an authenticator app first: it is the way back in."
            )
            return redirect("two_factor:setup")
        self.request.session[ADD_UNTIL] = int(time.time()) + ADD_SECONDS
        return redirect("passkeys:list")


@require_POST
def options(request: HttpRequest) -> JsonResponse:
    """Answer what the browser needs to make a passkey."""
    if not _may_add(request):
        return _problem("Give your password and your code again first.", 403)
    public_key, state = services.begin_registration(_server(request), cast("User", request.user))
    request.session[STATE] = state
    return JsonResponse({"publicKey": public_key})


@require_POST
def add(request: HttpRequest) -> JsonResponse:
    """Keep the passkey the browser has made."""
    body, state = _body(request), request.session.pop(STATE, None)
    if not _may_add(request) or state is None:
        return _problem("Give your password and your code again first.", 403)
    try:
        passkey = services.register(
            _server(request),
            cast("User", request.user),
            state=state,
            response=body.get("credential") or {},
            name=str(body.get("name") or ""),
        )
    except PasskeyError as error:
        return _problem(str(error))
    request.session.pop(ADD_UNTIL, None)
    messages.success(request, f"“{passkey.name}” signs you in from now on.")
    return JsonResponse({"next": "/account/passkeys/"}, status=201)


@require_POST
def rename(request: HttpRequest, passkey_id: int) -> HttpResponse:
    try:
        user = cast("User", request.user)
        services.rename(user, passkey_id, name=request.POST.get("name", ""))
    except Passkey.DoesNotExist:
        raise Http404 from None
    return redirect("passkeys:list")


@require_POST
def remove(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Forget a passkey; whoever is signed in by it here signs in again."""
    try:
        passkey = services.remove(cast("User", request.user), passkey_id)
    except Passkey.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"“{passkey.name}” opens nothing any more.")
    return redirect("passkeys:list")


class _HalfSignedIn(LoginView):
    """Reaches the log-in's own state: who has given the right password, and when."""

    def get_prefix(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:  # noqa: ARG002
        return str(normalize_name(LoginView.__name__))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(status=405)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        user = None if self.expired else self.get_user()
        if user is None or not Passkey.objects.filter(user=user).exists():
            return _problem("Sign in with your password first.", 403)
        return self.go_on(user)

    def go_on(self, user: User) -> HttpResponse:
        raise NotImplementedError


@method_decorator(login_not_required, name="dispatch")
class LoginOptionsView(_HalfSignedIn):
    """Answers the challenge for somebody who has given the right password."""

    def go_on(self, user: User) -> HttpResponse:
        public_key, state = services.begin_proof(_server(self.request), user)
        self.request.session[STATE] = state
        return JsonResponse({"publicKey": public_key})


@method_decorator(login_not_required, name="dispatch")
class PasskeyLoginView(_HalfSignedIn):
    """Signs in whoever has given the right password and now proves a passkey."""

    def go_on(self, user: User) -> HttpResponse:
        state = self.request.session.pop(STATE, None)
        if state is None:
            return _problem("That took too long. Please start again.", 403)
        self.user_cache = user = lock_person(user)
        try:
            throttle.admit_code(user.pk)
            user.otp_device = services.prove(
                _server(self.request), user, state=state, response=_body(self.request)
            )
        except throttle.TooManyAttemptsError as error:
            trail.record("sign_in.throttled", user=user, result="denied")
            return _problem(str(error), 429)
        except throttle.ThrottleUnavailableError:
            return _problem("Tries cannot be counted just now.", 503)
        except PasskeyError as error:
            trail.record("sign_in.failed", user=user, result="failed", step="passkey")
            return _problem(str(error))
        return self._let_in(user)

    def _let_in(self, user: User) -> HttpResponse:
        throttle.forgive_password(user.email)
        throttle.forgive_codes(user.pk)
        auth.login(self.request, user)
        name_actor(user)
        trail.record("sign_in.ok", user=user, second_factor=True, passkey=True)
        SessionStore.clear_expired()
        url = self.get_success_url()
        return JsonResponse({"next": "/" if url == self.request.path else url})
