"""Setting up, replacing and giving up the second factor."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any, cast

import django_otp
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView
from django_otp.util import random_hex
from two_factor.utils import get_otpauth_url

from accounts import throttle, trail
from accounts.forms import NewFactorForm, ReauthenticationForm
from accounts.permissions import FACTOR_IS_MANDATORY
from accounts.qr import qr_svg
from accounts.selectors import backup_codes_left, has_factor
from accounts.services import confirm_factor, make_backup_codes, remove_factor
from accounts.services.factors import FactorMandatoryError, WrongCodeError
from accounts.signing_in import before_second_factor
from ui import errors

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from accounts.models import User

NEW_KEY = "accounts.new_factor"
REPLACE_UNTIL = "accounts.replace_factor_until"
REPLACE_SECONDS = 10 * 60


def issuer_of(request: HttpRequest) -> str:
    """Name the account in the person's app as the clinic is named."""
    clinic = getattr(request, "tenant", None)
    return f"{clinic.name} (Nexus)" if clinic is not None else "Nexus Operators"


@method_decorator(before_second_factor, name="dispatch")
class SetUpView(FormView):  # type: ignore[type-arg]
    """Scan, type the code, keep the backup codes."""

    form_class = NewFactorForm
    template_name = "accounts/factor_setup.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = cast("User", request.user)
        replacing = request.session.get(REPLACE_UNTIL, 0) > time.time()
        if has_factor(user) and not replacing:
            return redirect("two_factor:profile")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = cast("User", self.request.user)
        secret = base64.b32encode(bytes.fromhex(self._key())).decode()
        url = get_otpauth_url(user.email, secret, issuer_of(self.request))
        return super().get_context_data(
            qr=qr_svg(url, label="QR code with the secret below"),
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            is_mandatory=user.role in FACTOR_IS_MANDATORY,
            **kwargs,
        )

    def form_valid(self, form: NewFactorForm) -> HttpResponse:
        user, session = cast("User", self.request.user), self.request.session
        try:
            device = confirm_factor(
                user, key=self._key(), code=form.cleaned_data["code"], keep=session.session_key
            )
        except WrongCodeError as error:
            form.add_error("code", str(error))
            return self.form_invalid(form)
        session.pop(NEW_KEY, None)
        session.pop(REPLACE_UNTIL, None)
        session.cycle_key()
        django_otp.login(self.request, device)
        user.otp_device = device
        return show_backup_codes(self.request, user)

    def _key(self) -> str:
        """Answer the secret this session is about to set up, as hex; made at the first look."""
        session = self.request.session
        if NEW_KEY not in session:
            session[NEW_KEY] = random_hex(20)
        return str(session[NEW_KEY])


def show_backup_codes(request: HttpRequest, user: User) -> HttpResponse:
    """Show new codes in the answer itself: they are kept nowhere they could be read again."""
    return render(request, "accounts/backup_codes.html", {"codes": make_backup_codes(user)})


class ProfileView(TemplateView):
    """How the person's second factor stands."""

    template_name = "accounts/factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = cast("User", self.request.user)
        return super().get_context_data(
            has_factor=has_factor(user),
            backup_codes_left=backup_codes_left(user),
            is_mandatory=user.role in FACTOR_IS_MANDATORY,
            **kwargs,
        )


class ReauthenticatedView(FormView):  # type: ignore[type-arg]
    """Asks for password and code before it does what its subclass is for."""

    form_class = ReauthenticationForm
    template_name = "accounts/reauthenticate.html"
    title = explanation = action = ""
    tone = "primary"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            title=self.title,
            explanation=self.explanation,
            action=self.action,
            tone=self.tone,
            **kwargs,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = cast("User", request.user)
        try:
            throttle.admit_code(user.pk)
        except throttle.TooManyAttemptsError as error:
            return errors.too_many_requests(request, retry_after=error.retry_after)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: ReauthenticationForm) -> HttpResponse:
        trail.record("reauthentication.failed", user=form.user, result="failed")
        return super().form_invalid(form)

    def form_valid(self, form: ReauthenticationForm) -> HttpResponse:
        throttle.forgive_codes(form.user.pk)
        return self.go_on(form.user)

    def go_on(self, user: User) -> HttpResponse:
        raise NotImplementedError


class ReplaceView(ReauthenticatedView):
    title = "Set up another authenticator"
    explanation = "The present one keeps working until the new one has shown its first code."
    action = "Go on"

    def go_on(self, user: User) -> HttpResponse:  # noqa: ARG002
        self.request.session[REPLACE_UNTIL] = int(time.time()) + REPLACE_SECONDS
        return redirect("two_factor:setup")


class DisableView(ReauthenticatedView):
    title = "Remove the second factor"
    explanation = "After this your password alone opens your account. Your other sessions end."
    action = "Remove it"
    tone = "danger"

    def go_on(self, user: User) -> HttpResponse:
        session = self.request.session
        try:
            remove_factor(user, keep=session.session_key)
        except FactorMandatoryError as error:
            messages.error(self.request, str(error))
            return redirect("two_factor:profile")
        session.cycle_key()
        messages.success(self.request, "Your second factor is removed.")
        return redirect("two_factor:profile")


class BackupCodesView(ReauthenticatedView):
    title = "New backup codes"
    explanation = "The codes you have now stop working."
    action = "Make new codes"

    def go_on(self, user: User) -> HttpResponse:
        return show_backup_codes(self.request, user)
