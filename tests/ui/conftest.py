"""A site of nothing but the components, served without a database."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.test import override_settings
from django.urls import include, path

from ui import banners, navigation, views
from ui.styleguide import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

SETTINGS = {
    "MIDDLEWARE": [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "ui.middleware.SecurityHeadersMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
    "WHITENOISE_USE_FINDERS": True,
    "WHITENOISE_AUTOREFRESH": True,
    "NEXUS_STYLEGUIDE": True,
    "ALLOWED_HOSTS": ["*"],
    "OPERATORS_URLCONF": "no.such.urls",
}


@dataclass
class Person:
    """Somebody who is signed in and may do what `may` lists."""

    name: str = "Marguerite Delacroix"
    may: frozenset[str] = frozenset()
    is_authenticated: bool = True
    is_active: bool = True
    role: str = ""
    """None of the clinic's: what other apps put on every page is not tried here."""

    def get_full_name(self) -> str:
        return self.name

    def has_perm(self, permission: str) -> bool:
        return permission in self.may


@dataclass
class Receiver:
    """The server's end of one resumable upload; `failures` are statuses to answer first."""

    failures: list[int] = field(default_factory=list)
    total: int = 0
    content: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=list)

    def create(self, request: HttpRequest) -> JsonResponse:
        self.total = json.loads(request.body)["size"]
        return JsonResponse({"url": "/_ui/uploads/1", **self.state()}, status=201)

    def take(self, request: HttpRequest) -> HttpResponse:
        if request.method == "PUT":
            start = int(request.headers["Content-Range"].split()[1].split("-")[0])
            self.starts.append(start)
            if self.failures:
                return HttpResponse(status=self.failures.pop(0))
            if start != len(self.content):
                return JsonResponse({"offset": len(self.content)}, status=409)
            self.content += request.body
        return JsonResponse(self.state())

    def state(self) -> dict[str, Any]:
        complete = len(self.content) == self.total
        return {
            "offset": len(self.content),
            "complete": complete,
            **({"next": "/arrived/"} if complete else {}),
        }


def search(request: HttpRequest) -> HttpResponse:
    typed = request.POST.get("q", "").lower()
    found = [result for result in RESULTS if typed in str(result["title"]).lower()]
    return render(request, "ui/search_results.html", {"results": found, "query": typed})


class Site(WSGIHandler):
    """Django with the given URLs, as if the middleware had found a clinic and a person."""

    def __init__(self, urls: ModuleType) -> None:
        super().__init__()
        self.urls = urls

    def get_response(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = self.urls  # type: ignore[attr-defined]
        request.user = Person()  # type: ignore[assignment]
        request.tenant = SimpleNamespace(
            name="Harbour Street Physiotherapy", accent="#2b59c3", host="localhost", flags={}
        )
        return super().get_response(request)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(scope="module")
def site(receiver: Receiver) -> Iterator[str]:
    """Serve the components; answers the address."""
    urls = ModuleType("component_urls")
    urls.handler404 = "ui.views.page_not_found"  # type: ignore[attr-defined]
    urls.handler500 = "ui.views.server_error"  # type: ignore[attr-defined]
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("", views.landing),
        path("", include("ui.urls")),
        path("_ui/uploads", receiver.create),
        path("_ui/uploads/1", receiver.take),
        path("arrived/", lambda request: render(request, "ui/landing.html")),
        path("search/", search, name="test-search"),
        path("people/", search, name="test-people"),
    ]
    registry = navigation._registry
    before = (dict(registry.items), registry.search)
    providers = banners._providers[:]
    banners._providers.clear()  # they ask a clinic's tables
    navigation.register(navigation.NavItem("Components", "styleguide", "layout-grid"))
    navigation.register(navigation.NavItem("People", "test-people", "users", hotkey="p"))
    navigation.register_search(navigation.Search("test-search", "test-people"))
    with override_settings(**SETTINGS):
        server = make_server("127.0.0.1", 0, Site(urls), Server, Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            registry.items, registry.search = before
            banners._providers.extend(providers)
