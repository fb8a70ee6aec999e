"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import auth
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_POST
from two_factor.views import core

from accounts import throttle, trail
from accounts.forms import BackupCodeForm, CodeForm, SignInForm
from accounts.models import User
from accounts.services.factors import lock_person
from accounts.sessions import SessionStore
from accounts.signing_in import LOGIN, before_second_factor, name_actor
from ui import errors

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

STATE = "person_state"


class LoginView(core.LoginView):  # type: ignore[misc]
    """django-two-factor-auth's log-in: counted, with the person's row locked before a code is tried.

    Without the lock one code signs in as many sessions as try it at the same moment.
    """

    form_list = (
        (core.LoginView.AUTH_STEP, SignInForm),
        (core.LoginView.TOKEN_STEP, CodeForm),
        (core.LoginView.BACKUP_STEP, BackupCodeForm),
    )
    template_name = "accounts/login.html"
    redirect_authenticated_user = True
    user_cache: User | None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().get(request, *args, **kwargs)
        if request.session.session_key is None and isinstance(response, TemplateResponse):
            # Looking at the page keeps no session; the wizard, which even reading marks as changed,
            # starts anew at the post.
            response.render()
            request.session.modified = False
        return cast("HttpResponseBase", response)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self._admit()
        except throttle.TooManyAttemptsError as error:
            trail.record("sign_in.throttled", user=self._person_named(), result="denied")
            return errors.too_many_requests(self.request, retry_after=error.retry_after)
        except throttle.ThrottleUnavailableError:
            return errors.unavailable(self.request)
        return cast("HttpResponseBase", super().post(*args, **kwargs))

    def _admit(self) -> None:
        posted = self.request.POST
        if f"{self.AUTH_STEP}-username" in posted:
            throttle.admit_password(posted[f"{self.AUTH_STEP}-username"])
        if any(f"{step}-otp_token" in posted for step in (self.TOKEN_STEP, self.BACKUP_STEP)):
            user = self.get_user()
            if user is not None:
                self.user_cache = lock_person(user)
                throttle.admit_code(user.pk)

    def get_user(self) -> User | None:
        """Answer who has given the right password, if nothing about them has changed since."""
        user = super().get_user() or None
        if user is None or not constant_time_compare(
            self.storage.data.get(STATE, ""), user.get_session_auth_hash()
        ):
            self.user_cache = None
        return self.user_cache

    def process_step(self, form: forms.Form) -> Any:
        result = super().process_step(form)
        if self.steps.current == self.AUTH_STEP:
            self.storage.data[STATE] = form.user_cache.get_session_auth_hash()  # type: ignore[attr-defined]
        return result

    def get_form(self, step: str | None = None, **kwargs: Any) -> forms.Form:
        """Make the step's form; the package's own would put its own code form in."""
        form = super(core.LoginView, self).get_form(step=step, **kwargs)
        if self.show_timeout_error:
            form.cleaned_data = getattr(form, "cleaned_data", {})
            form.add_error(None, ValidationError("That took too long. Please start again."))
        return cast("forms.Form", form)

    def render(self, form: forms.Form | None = None, **kwargs: Any) -> HttpResponseBase:
        if form is not None and form.is_bound and form.errors:
            self._record_failure()
        return cast("HttpResponseBase", super().render(form, **kwargs))

    def _record_failure(self) -> None:
        user = self._person_named()
        details = {"step": self.steps.current}
        if user is None:
            typed = self.request.POST.get(f"{self.AUTH_STEP}-username", "")
            details["address"] = trail.fingerprint(typed)
        trail.record("sign_in.failed", user=user, result="failed", **details)

    def _person_named(self) -> User | None:
        typed = self.request.POST.get(f"{self.AUTH_STEP}-username")
        if typed is not None:
            return User.objects.filter(email=typed.strip().lower()).first()
        return self.get_user()

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        user = cast("User", self.get_user())
        throttle.forgive_password(user.email)
        throttle.forgive_codes(user.pk)
        auth.login(self.request, user)
        name_actor(user)
        trail.record("sign_in.ok", user=user, second_factor=user.is_verified())
        SessionStore.clear_expired()
        return redirect(self.get_success_url())

    def get_success_url(self) -> str:
        url = str(super().get_success_url())
        return "/" if url.partition("?")[0] == self.request.path else url


@require_POST
@before_second_factor
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, and have the browser forget what it keeps of these pages."""
    trail.record("sign_out", user=cast("User", request.user))
    auth.logout(request)
    response = redirect(LOGIN)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
