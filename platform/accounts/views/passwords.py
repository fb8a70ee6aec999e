"""Passwords chosen by way of a mail: resets and invitations. None of these pages signs anybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView

from accounts import throttle
from accounts.forms import AddressForm, NewPasswordForm
from accounts.services import accept_invitation, request_password_reset, reset_password
from accounts.services.people import InvitationClosedError, invited_person
from accounts.signing_in import LOGIN
from accounts.tokens import reset_tokens
from ui import errors

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from accounts.models import User

INVITATION = "accounts.invitation"


@method_decorator(login_not_required, name="dispatch")
class PasswordResetView(FormView):  # type: ignore[type-arg]
    """Asks for an address; the answer is the same whether or not it belongs to anybody."""

    form_class = AddressForm
    template_name = "accounts/password_reset.html"
    success_url = reverse_lazy("accounts:password_reset_sent")

    def form_valid(self, form: AddressForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        try:
            throttle.admit_mail(email)
        except throttle.TooManyAttemptsError as error:
            return errors.too_many_requests(self.request, retry_after=error.retry_after)
        except throttle.ThrottleUnavailableError:
            return errors.unavailable(self.request)
        request_password_reset(email)
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class PasswordResetSentView(TemplateView):
    template_name = "accounts/password_reset_sent.html"


class PasswordResetConfirmView(auth_views.PasswordResetConfirmView):
    """Django's page: it takes the token out of the address before it shows the form."""

    form_class = NewPasswordForm  # type: ignore[assignment]
    template_name = "accounts/password_reset_confirm.html"
    token_generator = reset_tokens
    success_url = reverse_lazy(LOGIN)

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active and not user.invited_at else None

    def form_valid(self, form: Any) -> HttpResponse:
        reset_password(cast("User", self.user), form.cleaned_data["password"])
        self.request.session.flush()
        messages.success(self.request, "Your new password is set. Sign in with it.")
        return redirect(self.get_success_url())


@login_not_required
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, where proxies and histories would keep it."""
    request.session[INVITATION] = token
    return redirect("accounts:join")


@method_decorator(login_not_required, name="dispatch")
class JoinView(FormView):  # type: ignore[type-arg]
    """Somebody invited chooses a password."""

    form_class = NewPasswordForm
    template_name = "accounts/join.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.person = invited_person(request.session.get(INVITATION, ""))
        except InvitationClosedError as error:
            return render(request, "accounts/invitation_closed.html", {"reason": error}, status=410)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.person}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(person=self.person, **kwargs)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        accept_invitation(self.request.session[INVITATION], password=form.cleaned_data["password"])
        self.request.session.flush()
        messages.success(self.request, "Welcome! Sign in with your address and your new password.")
        return redirect(LOGIN)
