"""One's own account: name, password, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import FormView

from accounts import throttle, trail
from accounts.forms import ChangePasswordForm, NameForm
from accounts.permissions import FACTOR_IS_MANDATORY
from accounts.selectors import has_factor, sessions_of
from accounts.services import end_session, end_sessions, rename_user, set_password
from ui import errors

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show the account; a post changes the name."""
    user = cast("User", request.user)
    form = NameForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        rename_user(user, name=form.cleaned_data["name"], actor=user)
        messages.success(request, "Your name is changed.")
        return redirect("accounts:account")
    context = {
        "form": form,
        "has_factor": has_factor(user),
        "is_mandatory": user.role in FACTOR_IS_MANDATORY,
        "sessions": sessions_of(user, current_key=request.session.session_key),
    }
    return render(request, "accounts/account.html", context)


class PasswordView(FormView):  # type: ignore[type-arg]
    """Change the password; all other sessions end."""

    form_class = ChangePasswordForm
    template_name = "accounts/password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            throttle.admit_code(cast("User", request.user).pk)
        except throttle.TooManyAttemptsError as error:
            return errors.too_many_requests(request, retry_after=error.retry_after)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: ChangePasswordForm) -> HttpResponse:
        if "current" in form.errors:
            trail.record("reauthentication.failed", user=form.user, result="failed")
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        user = cast("User", self.request.user)
        throttle.forgive_codes(user.pk)
        set_password(user, form.cleaned_data["password"], keep=self.request.session.session_key)
        update_session_auth_hash(self.request, user)
        messages.success(self.request, "Your password is changed. Your other sessions have ended.")
        return redirect("accounts:account")


@require_POST
def end_own_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one of one's own sessions; somebody else's is not found."""
    if not end_session(cast("User", request.user), session_id):
        raise Http404
    messages.success(request, "That session has ended.")
    return _sessions(request)


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    ended = end_sessions(user, keep=request.session.session_key, why="ended by hand")
    messages.success(
        request, f"{ended} other {'session has' if ended == 1 else 'sessions have'} ended."
    )
    return _sessions(request)


def _sessions(request: HttpRequest) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("accounts:account")
    user = cast("User", request.user)
    rows = sessions_of(user, current_key=request.session.session_key)
    return render(request, "accounts/_sessions.html", {"sessions": rows})
