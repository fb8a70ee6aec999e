"""A vendor that exists in these tests only: two ways to connect it, and what it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django import forms
from django.db import connections

from connections import outbox, services
from connections.inbox import Event, ForgedError
from connections.models import Connection, OutboxEntry
from connections.outbox import Answer
from connections.providers import Account, Provider, Trade
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable


class KeyForm(forms.Form):
    user = forms.CharField()
    api_key = forms.CharField(widget=forms.PasswordInput, required=False)


@dataclass
class FakeAdapter:
    found: list[Account] = field(default_factory=lambda: [Account("acc-1", "First account")])
    words: str = "3 things found"
    error: Exception | None = None
    revoked: list[str] = field(default_factory=list)

    def accounts(self, _opened):
        if self.error:
            raise self.error
        return self.found

    def check(self, _opened):
        if self.error:
            raise self.error
        return self.words

    def revoke(self, opened):
        if self.error:
            raise self.error
        self.revoked.append(opened.secrets["api_key"])


@dataclass
class Sender:
    """A handler whose vendor answers what `answers` says: an Answer, an error, or a function."""

    provider: str = "fake"
    answers: Callable | None = None
    sent: list[str] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    prepare_error: Exception | None = None
    settle_error: Exception | None = None

    def provider_of(self, _entry):
        return self.provider

    def prepare(self, entry):
        if self.prepare_error:
            raise self.prepare_error
        return entry.payload

    def send(self, entry, _prepared, opened):
        self.sent.append(entry.key)
        result = self.answers(entry, opened) if self.answers else Answer(vendor_id=f"v-{entry.key}")
        if isinstance(result, Exception):
            raise result
        return result

    def settle(self, entry, answer):
        if self.settle_error:
            raise self.settle_error
        self.settled.append((entry.key, answer.vendor_id))

    def failed(self, entry, error):
        self.failures.append((entry.key, error.words))


class Receiver:
    """Takes lines of `id kind account`, signed by the word `right`."""

    def __init__(self):
        self.handled = []
        self.error = None

    def events(self, incoming, _opened):
        if incoming.headers.get("x-signature") != "right":
            raise ForgedError
        lines = [line.split() for line in incoming.body.decode().splitlines()]
        return [Event(one[0], " ".join(one), one[1], account=one[2]) for one in lines]

    def handle(self, event):
        if self.error:
            raise self.error
        self.handled.append(event.external_id)


def fake_vendor(adapter, **facts):
    """A vendor that is connected by a form."""
    return Provider(
        **{
            "key": "fake",
            "name": "Fakebooks",
            "trade": Trade.ACCOUNTING,
            "icon": "building",
            "summary": "Keeps what the tests send.",
            "adapter": adapter,
            "form": KeyForm,
            "secret_fields": frozenset({"api_key"}),
            **facts,
        }
    )


def side_by_side(function, times=2):
    """Run a function in several threads at once, each with sessions of its own."""

    def run():
        try:
            function()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(times)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def connect(clinic, vendor, *, account="acc-1", name="First account", **facts):
    """Connect a clinic as a worker ends up doing it."""
    with tenant_scope(clinic):
        return services.establish(
            vendor,
            Account(account, name),
            secrets=facts.pop("secrets", {"api_key": "key-of-the-clinic"}),
            at=facts.pop("at", datetime.now(UTC)),
            **facts,
        )


def put(clinic, kind, *keys, **facts):
    """Write entries in the clinic, about its connection."""
    with tenant_scope(clinic):
        about = Connection(provider="fake")
        return [outbox.put(kind, about, key=key, **facts) for key in keys]


def states(clinic):
    with tenant_scope(clinic):
        return dict(OutboxEntry.objects.values_list("key", "state"))
