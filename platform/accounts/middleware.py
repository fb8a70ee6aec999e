"""Who is asking: the session, the person behind it, and whether they have proved it twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions import middleware as django_sessions
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieStore
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY, user_has_device
from django_otp.models import Device

from accounts.backends import read_already
from accounts.permissions import FACTOR_IS_MANDATORY
from accounts.sessions import BACKGROUND_HEADER, SessionStore
from accounts.signing_in import answer_stranger, answer_unverified, name_actor
from accounts.visitors import VISIT, visitor_behind
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from accounts.models import User


def has_people(request: HttpRequest) -> bool:
    """Answer whether people sign in on this host: not on the platform's own."""
    return getattr(request, "urlconf", None) != settings.ROOT_URLCONF


class SessionMiddleware(django_sessions.SessionMiddleware):
    """Sessions of the host's scope; where nobody signs in, on the platform's own, a cookie."""

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if not has_people(request):
            request.session = CookieStore(key)
            return
        store = SessionStore(key)
        store.address = current_scope().actor.address or None
        store.user_agent = request.headers.get("User-Agent", "")[:300]
        store.in_background = BACKGROUND_HEADER in request.headers
        request.session = store


class AuthenticationMiddleware:
    """Puts the person on the request and names them to the audit trail.

    A view asks for a signed-in person unless it says otherwise with Django's `login_not_required`,
    and for a second factor from those who must have one unless it carries `before_second_factor`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if has_people(request):
            request.user = cast("User", SimpleLazyObject(lambda: person_behind(request)))
        else:
            request.user = AnonymousUser()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        if not has_people(request) or not getattr(view, "login_required", True):
            return None
        user = request.user
        if not user.is_authenticated:
            return answer_stranger(request)
        if getattr(view, "before_second_factor", False) or user.is_verified():
            return None
        return answer_unverified(request) if user.role in FACTOR_IS_MANDATORY else None


def person_behind(request: HttpRequest) -> User | AnonymousUser:
    """Answer the person of the session; the audit trail names them from here on.

    A session that has not passed a second factor its person has set up is nobody's. A visit from the
    platform is a session of its own kind: `accounts.visitors`.
    """
    if VISIT in request.session:
        return visitor_behind(request)
    with read_already(getattr(request.session, "person", None)):
        user = auth.get_user(request)
    if not user.is_authenticated:
        return AnonymousUser()
    device = _device_of(request, user)
    if device is None and user_has_device(user):
        return AnonymousUser()
    user.otp_device = device
    name_actor(user)
    return user


def _device_of(request: HttpRequest, user: User) -> Device | None:
    device_id = request.session.get(DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(device_id) if device_id else None
    if device is None or device.user_id != user.pk or not device.confirmed:
        return None
    return device
