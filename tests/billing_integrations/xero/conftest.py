"""One xero-local for the session, its gaps filled, and a proxy before it that can fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing_integrations.xero import chart
from connections import providers
from tests.peers.proxy import proxy
from tests.peers.xero import API, complete, xero_local


@pytest.fixture(scope="session")
def peer():
    """xero-local, complete; every test adds organisations of its own."""
    with xero_local() as url, complete(url) as made:
        yield made


@pytest.fixture(scope="session")
def _front(peer):
    with proxy(peer.url) as running:
        yield running


@pytest.fixture
def front(_front, settings):
    """The proxy that Nexus speaks to."""
    _front.forget()
    settings.VENDOR_URLS = {
        "xero.api": _front.url,
        "xero.token": f"{_front.url}/connect/token",
        "xero.revoke": f"{_front.url}/connect/revocation",
    }
    known = providers.provider("xero")
    # A minute of the tests is busier than Xero allows.
    providers.register(replace(known, limits=providers.Limits(at_once=5)))
    yield _front
    providers.register(known)
    assert _front.violations == []


@pytest.fixture
def connect(peer, front):
    """Connect a clinic: `connect(alpha)` answers the organisation's id."""
    return lambda clinic, name="Northside": connected(peer, clinic, name)


def deliver(clinic, *, once=None) -> None:
    """Deliver what waits, as if the time to wait had passed; with `once`, one entry only."""
    from connections import relay
    from connections.models import Connection, OutboxEntry
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        waiting = OutboxEntry.objects.filter(state="waiting")
        if once is not None:
            later = timezone.now() + timedelta(hours=1)
            waiting.exclude(pk=once).update(not_before=later)
            waiting = waiting.filter(pk=once)
        waiting.update(not_before=timezone.now())
        Connection.objects.update(paused_until=None)
    relay.deliver_due(clinic)
    if once is not None:
        with tenant_scope(clinic):
            OutboxEntry.objects.filter(state="waiting").update(not_before=timezone.now())


def connected(peer, clinic, name: str, *, organisation: str = "") -> str:
    from billing_integrations.xero.models import XeroSettings
    from billing_integrations.xero.provider import KEY
    from connections import services
    from connections.providers import Account, provider
    from tenants.scope import tenant_scope

    organisation = organisation or peer.add_organisation(name)
    with tenant_scope(clinic):
        services.establish(
            provider(KEY),
            Account(external_id=organisation, name=name),
            secrets={"access_token": "token-1", "refresh_token": "refresh-1"},
            expires_at=timezone.now() + timedelta(minutes=30),
            scopes=(),
            actor_name="Owner",
            at=timezone.now(),
        )
        XeroSettings.objects.get_or_create(
            organisation=organisation,
            defaults={
                "organisation_name": name,
                "chart": _chart(peer, organisation),
                "income": {"default": "200"},
                "taxes": {"free": "EXEMPTOUTPUT", "taxable": "OUTPUT", "out": "BASEXCLUDED"},
                "banks": {"default": "090", "card": "091"},
                "write_off_account": "400",
                "go_live": date(2026, 1, 1),
            },
        )
    return organisation


def _chart(peer, organisation: str):
    import httpx2

    from billing_integrations.xero.client import XeroClient

    with httpx2.Client(trust_env=False) as http:
        client = XeroClient(http, base_url=f"{peer.url}{API}", token="t", organisation=organisation)
        return chart.read(client)[1]


@pytest.fixture
def issue():
    """Issue an invoice in the clinic in scope: `issue(12000)` answers it."""
    return issued


def issued(*cents: int, patient=None, given_names: str = "Ann", on: date | None = None):
    from billing_integrations.invoices.models import PayerKind, PriceItem
    from billing_integrations.invoices.payers import Payer
    from billing_integrations.invoices.services import Charge, draft_invoice, issue_invoice
    from clinical.patients.models import Patient

    patient = patient or Patient.objects.create(given_names=given_names, family_name="Archer")
    item, _ = PriceItem.objects.get_or_create(code="STD", defaults={"name": "Standard visit"})
    draft = draft_invoice(
        patient,
        actor=None,
        payer=Payer(PayerKind.PATIENT),
        charges=[
            Charge(description="Left knee, post-surgical review", unit_cents=one, item=item)
            for one in cents or (12000,)
        ],
    )
    return issue_invoice(draft, actor=None, on=on)
