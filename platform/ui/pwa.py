"""Nexus on the device: its manifest, its service worker, and the one page that is kept for outages.

The worker keeps the registered page of the person who is signed in and nothing else of theirs. Files
of the program are kept under a version that is the digest of their names.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from ui.colour import NEXUS_ACCENT, accent_of
from ui.navigation import is_permitted

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

OWNER_HEADER = "X-Nexus-Owner"
"""On the page that is kept: for whom it was made."""
FILES = ("ui/offline.css", "ui/offline.js", "ui/nexus.svg")
ICONS = (("ui/icons/nexus-192.png", "192x192", "any"), ("ui/icons/nexus-512.png", "512x512", "any"),
         ("ui/icons/nexus-maskable-512.png", "512x512", "maskable"))  # fmt: skip
_WORKER = Path(__file__).with_name("service_worker.js")


@dataclass(frozen=True)
class KeptPage:
    """What is kept, for whom, and the addresses it stands in for while there is no network."""

    url_name: str
    permission: str
    stands_for: tuple[str, ...]


_kept: list[KeptPage] = []


def keep_offline(url_name: str, *, permission: str, stands_for: tuple[str, ...]) -> None:
    """Register the page that devices keep; called from an AppConfig's ready(). There is only one."""
    _kept[:] = [KeptPage(url_name, permission, stands_for)]


_worker_parts: list[str] = []


def add_to_worker(name: str) -> None:
    """Let the service worker import a static script of an app; called from an AppConfig's ready()."""
    if name not in _worker_parts:
        _worker_parts.append(name)


def owner_of(request: HttpRequest) -> str:
    """Name the person of a clinic as the device knows them; "" for whoever keeps nothing.

    It tells one person's copy from another's and says nothing about either.
    """
    tenant, user = getattr(request, "tenant", None), getattr(request, "user", None)
    if tenant is None or user is None or not user.is_authenticated:
        return ""
    is_visitor = getattr(user, "visit", None) is not None  # of the platform: takes nothing along
    if is_visitor or not _kept or not is_permitted(user, _kept[0].permission):
        return ""
    return salted_hmac("ui.pwa.owner", f"{tenant.pk}:{user.pk}", algorithm="sha256").hexdigest()[
        :32
    ]


def manifest_url() -> str:
    """Answer the manifest's address, "" where the running URLs have none."""
    return _url("pwa:manifest")


def kept_response(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Say on the page that is kept whose it is."""
    response.headers[OWNER_HEADER] = owner_of(request)
    return response


@require_safe
@login_not_required
def manifest(request: HttpRequest) -> HttpResponseBase:
    """Describe the clinic's app. Browsers fetch it without cookies; it says what the log-in page says."""
    clinic = request.tenant  # type: ignore[attr-defined]
    return JsonResponse(
        {
            "id": "/",
            "name": f"{clinic.name} · Nexus",
            "short_name": clinic.name[:30],
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": accent_of(clinic.accent or NEXUS_ACCENT).fill,
            "icons": [
                {"src": static(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for name, sizes, purpose in ICONS
            ]
            + [{"src": static("ui/nexus.svg"), "sizes": "any", "type": "image/svg+xml"}],
        },
        content_type="application/manifest+json",
    )


@require_safe
@login_not_required
def service_worker(request: HttpRequest) -> HttpResponseBase:  # noqa: ARG001
    """Answer the worker's script, with what it keeps written above it."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@require_safe
@login_not_required
def offline(request: HttpRequest) -> HttpResponseBase:
    """Show what stands in for every page without network; nothing of anybody is on it."""
    kept = _url(_kept[0].url_name) if _kept else ""
    return render(request, "ui/offline.html", {"kept_url": kept})


def _script() -> str:
    source = _source()
    files = [static(name) for name in FILES]
    kept = _kept[0] if _kept else None
    facts = {
        "FILES": files,
        "OFFLINE": reverse("pwa:offline"),
        "OWNER_HEADER": OWNER_HEADER,
        "KEPT": _url(kept.url_name) if kept else "",
        "KEPT_FOR": [_url(name) for name in kept.stands_for] if kept else [],
    }
    parts = [static(name) for name in _worker_parts]
    version = hashlib.sha256(json.dumps([source, facts, parts]).encode()).hexdigest()[:16]
    above = {"VERSION": version, **facts}
    lines = [f"const {name} = {json.dumps(value)};" for name, value in above.items()]
    imports = [f"importScripts({json.dumps(part)});" for part in parts]
    return "\n".join([*lines, *imports, source])


@cache
def _source() -> str:
    return _WORKER.read_text(encoding="utf-8")


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
