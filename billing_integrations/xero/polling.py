"""Reads every quarter of an hour what has changed in Xero, whether a webhook told of it or not.

Runs outside every scope: Xero is asked first, then what it said is written down in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from billing_integrations.xero import links, queue, reading, wire
from billing_integrations.xero.hearing import needed
from billing_integrations.xero.provider import KEY, client_of
from connections import conditions, tokens
from connections.models import Connection
from ports.outcomes import BrokenConnectionError, DeliveryError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from datetime import datetime

    from billing_integrations.xero.client import Row
    from connections.opened import OpenConnection
    from tenants.models import Tenant

MOST_ROWS = 5000
"""Of one poll; the rest follows with the next one."""


def poll(tenant: Tenant) -> reading.Told:
    """Read the changes of a clinic's organisation, and write what was forgotten to be sent.

    Raises the errors of `ports.outcomes`; what was read before stays.
    """
    with tenant_scope(tenant):
        found = links.connection()
        if found is None or found.state != Connection.State.LIVE:
            return reading.Told()
        queue.catch_up()
        if links.current_settings() is None:
            return reading.Told()
        since = reading.cursor_of(found.external_id).read_until - reading.OVERLAP
    opened = tokens.open_connection(tenant, KEY)
    started = timezone.now()
    try:
        invoices, payments = _changes(opened, since)
    except DeliveryError as error:
        _note_failure(tenant, opened, error, started)
        raise
    with tenant_scope(tenant):
        told = reading.Told()
        for row in payments:
            told += reading.apply_payment(opened.external_id, row)
        for row in invoices:
            told += reading.apply_invoice(opened.external_id, row)
        reading.note_read(opened.external_id, until=_until(invoices, payments, started))
        conditions.note_success(opened.id, at=started)
    return told


def _changes(opened: OpenConnection, since: datetime) -> tuple[list[Row], list[Row]]:
    """Answer what has changed; lists of invoices say which payments they have, but not all of it."""
    invoices: list[Row] = []
    payments: list[Row] = []
    with client_of(opened) as client:
        for row in client.payments_since(since):
            payments.append(row)
            if len(payments) >= MOST_ROWS:
                break
        for row in client.invoices_since(since):
            # A list may leave payments out: only an invoice read by itself shows which are gone.
            kept = needed(row)
            del kept["Payments"]
            invoices.append(kept | {"UpdatedDateUTC": row.get("UpdatedDateUTC")})
            if len(invoices) >= MOST_ROWS:
                break
    return invoices, payments


def _until(invoices: list[Row], payments: list[Row], started: datetime) -> datetime:
    """Answer until when was read: where a poll was cut short, until the last it saw."""
    if len(invoices) < MOST_ROWS and len(payments) < MOST_ROWS:
        return started
    ends = []
    for rows in (invoices, payments):
        if len(rows) >= MOST_ROWS:
            moments = [wire.moment(row.get("UpdatedDateUTC")) for row in rows]
            ends.append(max((one for one in moments if one), default=started))
    return min([*ends, started])


def _note_failure(
    tenant: Tenant, opened: OpenConnection, error: DeliveryError, at: datetime
) -> None:
    with tenant_scope(tenant):
        reading.note_read(opened.external_id, until=at, problem=error.words)
        if isinstance(error, BrokenConnectionError):
            conditions.mark_broken(opened.id, error.words, at=at)
        else:
            conditions.note_problem(opened.id, error.words, at=at)
