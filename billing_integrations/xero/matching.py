"""Links patients to the contacts in Xero that an import from FileMaker named.

Only links are made: no contact in Xero is changed, and none is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing_integrations.invoices.models import PastInvoice
from billing_integrations.xero import links
from billing_integrations.xero.checking import fail
from billing_integrations.xero.links import Kind
from billing_integrations.xero.models import XeroLink, XeroRun
from billing_integrations.xero.provider import KEY, client_of
from clinical.patients.models import Patient
from connections import tokens
from connections.settling import words_for
from ports.outcomes import DeliveryError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenants.models import Tenant


@dataclass(frozen=True)
class Former:
    """What an import brought along of Xero, and how much of it is linked."""

    patients: int
    linked: int
    unreadable: int
    past_invoices: int


def former_of(organisation: str) -> Former:
    """Answer the counts the page shows."""
    named = Patient.objects.exclude(xero_contact_id="")
    ids = named.values_list("pk", "xero_contact_id")
    readable = sum(1 for _, text in ids if _id_of(text))
    mine = XeroLink.objects.filter(
        organisation=organisation, kind=Kind.CONTACT, object_id=OuterRef("pk")
    ).exclude(xero_id="")
    return Former(
        patients=readable,
        linked=named.filter(Exists(mine)).count(),
        unreadable=len(ids) - readable,
        past_invoices=PastInvoice.objects.exclude(xero_invoice_id="").count(),
    )


def _id_of(text: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return ""


def run(tenant: Tenant, run_id: UUID) -> None:
    """Match what is not linked yet; the row of the run counts what was found. Outside every scope."""
    with tenant_scope(tenant):
        found = XeroRun.objects.filter(pk=run_id, state=XeroRun.State.RUNNING).first()
        connection = links.connection()
        if found is None:
            return
        if connection is None or connection.external_id != found.organisation:
            fail(run_id, "Xero is not connected, or another organisation is by now.")
            return
        wanted, invoices = _wanted(found.organisation), _past_ids()
    try:
        with client_of(tokens.open_connection(tenant, KEY)) as client:
            rows = {str(row.get("ContactID")): row for row in client.contacts(wanted.values())}
            merged = [
                str(row["MergedToContactID"])
                for row in rows.values()
                if row.get("MergedToContactID")
            ]
            rows |= {str(row.get("ContactID")): row for row in client.contacts(merged)}
            there = sum(1 for _ in client.invoices(invoices))
    except Exception as error:
        with tenant_scope(tenant):
            fail(run_id, words_for(error))
        if isinstance(error, DeliveryError):
            return
        raise
    with tenant_scope(tenant):
        counts = _link(found.organisation, wanted, rows)
        counts |= {"past_invoices": len(invoices), "past_invoices_found": there}
        XeroRun.objects.filter(pk=run_id).update(
            state=XeroRun.State.DONE,
            finished_at=timezone.now(),
            compared=len(wanted),
            counts=counts,
        )


def _wanted(organisation: str) -> dict[UUID, str]:
    """Answer patients that name a contact and are not linked: id → ContactID."""
    mine = XeroLink.objects.filter(
        organisation=organisation, kind=Kind.CONTACT, object_id=OuterRef("pk")
    ).exclude(xero_id="")
    named = Patient.objects.exclude(xero_contact_id="").filter(~Exists(mine))
    found = {pk: _id_of(text) for pk, text in named.values_list("pk", "xero_contact_id")}
    return {pk: text for pk, text in found.items() if text}


def _past_ids() -> list[str]:
    named = PastInvoice.objects.exclude(xero_invoice_id="").values_list(
        "xero_invoice_id", flat=True
    )
    return sorted({text for one in named if (text := _id_of(one))})


def _link(
    organisation: str, wanted: Mapping[UUID, str], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    counts = {"linked": 0, "merged": 0, "archived": 0, "missing": 0}
    made = []
    now = timezone.now()
    for pk, contact_id in wanted.items():
        row = rows.get(contact_id)
        if row is not None and row.get("MergedToContactID"):
            counts["merged"] += 1
            row = rows.get(str(row["MergedToContactID"]))
        if row is None:
            counts["missing"] += 1
        elif row.get("ContactStatus", "ACTIVE") != "ACTIVE":
            counts["archived"] += 1
        else:
            counts["linked"] += 1
            made.append(
                XeroLink(
                    organisation=organisation,
                    kind=Kind.CONTACT,
                    object_id=pk,
                    state=XeroLink.State.LINKED,
                    xero_id=str(row["ContactID"]),
                    is_from_xero=True,
                    seen_at=now,
                )
            )
    _save(made)
    return counts


def _save(made: Iterable[XeroLink]) -> None:
    """Fill in links that were waiting, and add the others."""
    rows = {link.object_id: link for link in made}
    kept = XeroLink.objects.filter(kind=Kind.CONTACT, object_id__in=list(rows), xero_id="")
    for link in kept:
        new = rows.pop(link.object_id, None)
        if new is not None and link.organisation == new.organisation:
            link.is_from_xero = True
            links.note_there(link, xero_id=new.xero_id)
    XeroLink.objects.bulk_create(rows.values(), ignore_conflicts=True, batch_size=500)
