"""What stays of a person's invoices when their record is erased, and what of them goes.

Issued invoices, payments and the ledger are tax records: they stay with their amounts. The name becomes
what the policy of the jurisdiction says, the lines name the item and nothing else, and every text about
the person is emptied. Claims and the links to Xero tell of invoices, so they are reduced here too; their
apps are named by table only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections

from billing_integrations.invoices.models import Invoice
from clinical.rights.erasure import Obstacle, Part, clinic_url
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clinical.rights.erasure import Person, Row

LAW = "a tax record: amounts and dates stay, the name is reduced"
KEPT = dict.fromkeys(
    (
        "invoices_invoice",
        "invoices_invoiceline",
        "invoices_creditnote",
        "invoices_creditline",
        "invoices_payment",
        "invoices_allocation",
        "invoices_refund",
        "invoices_writeoff",
        "invoices_ledgerentry",
        "invoices_posting",
        "invoices_pastinvoice",
        "ndis_claimline",
        "ndis_claimdetail",
    ),
    LAW,
)
LOOKED_AFTER = {
    "invoices_invoicebatch": "its list of groups is emptied of the person",
    "invoices_billingdetails": "the clinic's own",
    "invoices_priceitem": "the clinic's own",
    "ndis_claimbatch": "the person's number is taken out of the file that was sent",
    "ndis_resultsfile": "the person's words are taken out of what it said",
    "ndis_pricelist": "the NDIA's prices",
    "ndis_supportitem": "the NDIA's prices",
    "xero_xerolink": "what Xero said of the person's contact and invoices is emptied",
    "xero_xerorun": "figures of the clinic; the person's words are taken out",
    "xero_xerosettings": "the clinic's own",
}


def obstacles(person: Person) -> Iterator[Obstacle]:
    """Say where money is still open, or a draft would be lost."""
    states = set(
        Invoice.objects.filter(
            patient__in=person.ids, state__in=[*Invoice.OPEN_STATES, Invoice.State.DRAFT]
        ).values_list("state", flat=True)
    )
    url = clinic_url("invoices:list", pk=person.ids[0])
    if states & set(Invoice.OPEN_STATES):
        yield Obstacle("Invoices are not paid yet. Have them paid, credited or written off.", url)
    if Invoice.State.DRAFT in states:
        yield Obstacle("There are invoices that were never issued. Issue or delete them.", url)


def collect(person: Person) -> Iterator[Row]:
    """Name the mails by which the person's invoices were sent: they hold the address, not the money."""
    for (key,) in _ask(
        "SELECT m.id::text FROM invoices_invoicemail m "
        "LEFT JOIN invoices_invoice i ON i.id = m.invoice_id "
        "LEFT JOIN invoices_payment p ON p.id = m.payment_id "
        "WHERE m.patient_id = ANY (%(ids)s::uuid[]) OR i.patient_id = ANY (%(ids)s::uuid[]) "
        "OR p.patient_id = ANY (%(ids)s::uuid[])",
        person,
    ):
        yield "invoices_invoicemail", key


def reduce(person: Person) -> Iterator[Row]:
    """Take the person out of what stays; answers the rows that were changed."""
    for table, statement in _STATEMENTS:
        for (key,) in _ask(statement, person):
            yield table, key


# ruff: noqa: S608 - all put together from the constants below
_MINE = "patient_id = ANY (%(ids)s::uuid[])"
_MY_INVOICES = f"(SELECT id FROM invoices_invoice WHERE {_MINE})"
_CLEAN = "regexp_replace({column}, %(pattern)s, %(name)s, 'gi')"

_STATEMENTS: Sequence[tuple[str, str]] = (
    (
        "invoices_invoice",
        "UPDATE invoices_invoice SET participant_name = CASE WHEN participant_name = '' THEN '' "
        "ELSE %(name)s END, participant_number = '', note = '', reference = '', void_reason = '', "
        "payer_name = CASE WHEN payer_kind = 'patient' THEN %(name)s "
        f"ELSE {_CLEAN.format(column='payer_name')} END, "
        "payer_address = CASE WHEN payer_kind = 'patient' THEN '' ELSE payer_address END, "
        "payer_email = CASE WHEN payer_kind = 'patient' THEN '' ELSE payer_email END "
        f"WHERE {_MINE} RETURNING id::text",
    ),
    (
        "invoices_invoiceline",
        "UPDATE invoices_invoiceline l SET description = coalesce("
        "(SELECT left(i.name, 300) FROM invoices_priceitem i WHERE i.id = l.item_id), 'Service') "
        f"WHERE l.invoice_id IN {_MY_INVOICES} RETURNING l.id::text",
    ),
    (
        "invoices_creditnote",
        f"UPDATE invoices_creditnote SET reason = '' WHERE {_MINE} RETURNING id::text",
    ),
    (
        "invoices_creditline",
        "UPDATE invoices_creditline l SET description = 'Service' FROM invoices_creditnote n "
        f"WHERE n.id = l.credit_note_id AND n.{_MINE} RETURNING l.id::text",
    ),
    (
        "invoices_payment",
        "UPDATE invoices_payment SET reference = '', note = '', void_reason = '' "
        f"WHERE {_MINE} RETURNING id::text",
    ),
    (
        "invoices_refund",
        "UPDATE invoices_refund r SET reference = '', reason = '' WHERE r.payment_id IN "
        f"(SELECT id FROM invoices_payment WHERE {_MINE}) OR r.credit_note_id IN "
        f"(SELECT id FROM invoices_creditnote WHERE {_MINE}) RETURNING r.id::text",
    ),
    (
        "invoices_writeoff",
        "UPDATE invoices_writeoff SET reason = '' "
        f"WHERE invoice_id IN {_MY_INVOICES} RETURNING id::text",
    ),
    (
        "invoices_pastinvoice",
        "UPDATE invoices_pastinvoice SET payer = CASE WHEN payer = '' THEN '' ELSE %(name)s END, "
        "description = '', lines = '[]', extra = '{}', source_note = '' "
        f"WHERE {_MINE} RETURNING id::text",
    ),
    (
        "invoices_invoicebatch",
        "UPDATE invoices_invoicebatch SET groups = '[]', problems = '[]' WHERE "
        "groups::text ~ %(id_pattern)s OR groups::text ~* %(pattern)s OR problems::text ~* %(pattern)s "
        "RETURNING id::text",
    ),
    (
        "ndis_claimline",
        f"UPDATE ndis_claimline SET reason = '' WHERE {_MINE} RETURNING id::text",
    ),
    (
        "ndis_claimbatch",
        "UPDATE ndis_claimbatch SET content = regexp_replace(content, %(pattern)s, '', 'gi') "
        "WHERE content ~* %(pattern)s RETURNING id::text",
    ),
    (
        "ndis_resultsfile",
        "UPDATE ndis_resultsfile SET unknown = '[]', problems = '[]' "
        "WHERE unknown::text ~* %(pattern)s OR problems::text ~* %(pattern)s RETURNING id::text",
    ),
    (
        "xero_xerolink",
        "UPDATE xero_xerolink SET seen = '{}', problem = '' "
        "WHERE object_id = ANY (%(ids)s::uuid[]) OR object_id = ANY (%(keys)s::uuid[]) "
        f"OR invoice_id IN {_MY_INVOICES} OR object_id IN {_MY_INVOICES} RETURNING id::text",
    ),
    (
        "xero_xerorun",
        "UPDATE xero_xerorun SET found = '[]' WHERE found::text ~* %(pattern)s RETURNING id::text",
    ),
)


def _ask(statement: str, person: Person) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "ids": person.texts,
        "keys": person.keys,
        "name": person.short_name,
        "pattern": _pattern(person.words),
        "id_pattern": "|".join(person.texts),
    }
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _pattern(words: Sequence[str]) -> str:
    """Answer a regular expression for any of the words; for none, one that nothing fits."""
    escaped = ["".join(c if c.isalnum() else f"\\{c}" for c in word) for word in words]
    return "|".join(escaped) or "$.^"


PART = Part("invoices", check=obstacles, collect=collect, reduce=reduce)
