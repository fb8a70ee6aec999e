"""xero-local, a stateful stand-in for Xero that others wrote, and what it lacks filled in by us.

What it lacks: accounts, tax rates, tracking categories and the organisation; several organisations;
numbers of contacts and references of payments; Idempotency-Key; If-Modified-Since; how an invoice
comes to be paid; allocations of credit notes. `Organisation` fills these in before it, so that what
is stored is still its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.peers.proxy import Answered, Asked, Proxy, proxy
from tests.peers.servers import folder_of, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api.xro/2.0"
ACCOUNTS = [
    {"Code": "090", "Name": "Business Account", "Type": "BANK", "Class": "ASSET"},
    {"Code": "091", "Name": "Card terminal", "Type": "BANK", "Class": "ASSET"},
    {"Code": "200", "Name": "Consultations", "Type": "REVENUE", "Class": "REVENUE"},
    {"Code": "210", "Name": "Products", "Type": "SALES", "Class": "REVENUE"},
    {"Code": "400", "Name": "Rent", "Type": "EXPENSE", "Class": "EXPENSE"},
    {
        "Code": "850",
        "Name": "Clearing",
        "Type": "CURRENT",
        "Class": "ASSET",
        "EnablePaymentsToAccount": True,
    },
]
TAX_RATES = [
    {"Name": "GST Free Income", "TaxType": "EXEMPTOUTPUT", "EffectiveRate": 0.0},
    {"Name": "GST on Income", "TaxType": "OUTPUT", "EffectiveRate": 10.0},
]
TRACKING = [
    {"Name": "Practitioner", "Options": ["Dr Ash", "Dr Birch"]},
    {"Name": "Location", "Options": ["North", "South"]},
]


@contextmanager
def xero_local() -> Iterator[str]:
    """Run it for the block; answers its URL. Skips the test where it is not installed."""
    program = shutil.which("xero-local", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("xero-local is not installed (pip install localstack-xero)")
    port = free_port()
    environment = {**os.environ, "XERO_HOST": "127.0.0.1", "XERO_PORT": str(port)}
    with (
        folder_of("xero") as folder,
        running([program], folder=folder, is_up=lambda: listens(port), environment=environment),
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def complete(upstream: str, *, port: int = 0) -> Iterator[Xero]:
    """Run what fills the gaps before xero-local for the block; `port` may be fixed."""
    with proxy(upstream, port=port) as running:
        yield Xero(running)


class Xero:
    """xero-local with its gaps filled. Organisations are told apart by Xero-Tenant-Id."""

    def __init__(self, running: Proxy) -> None:
        self.proxy = running
        self.url = running.url
        self.organisations: list[dict[str, str]] = []
        self.contact_numbers: dict[str, str] = {}
        self.references: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        """Number of an invoice → what Xero has against it."""
        self.numbers: set[tuple[str, str]] = set()
        self.names: dict[tuple[str, str], str] = {}
        self._changed: dict[str, datetime] = {}
        self._replies: dict[tuple[str, str], tuple[bytes, Answered]] = {}
        running.before = self._before
        running.after = self._after

    def add_organisation(self, name: str, event: str = "") -> str:
        """Let one more organisation be reached; answers its tenant id."""
        row = {
            "id": str(uuid4()),
            "authEventId": event or str(uuid4()),
            "tenantId": str(uuid4()),
            "tenantType": "ORGANISATION",
            "tenantName": name,
            "createdDateUtc": "2026-01-01T00:00:00.0000000",
            "updatedDateUtc": "2026-01-01T00:00:00.0000000",
        }
        self.organisations.append(row)
        return row["tenantId"]

    def pay(self, organisation: str, invoice_id: str, dollars: float, on: str) -> str:
        """Record a payment in Xero itself, as a bookkeeper does; answers its PaymentID."""
        body = {
            "Invoice": {"InvoiceID": invoice_id},
            "Account": {"Code": "090"},
            "Amount": dollars,
            "Date": on,
        }
        return self._do(organisation, "POST", "/Payments", body)["Payments"][0]["PaymentID"]

    def remove_payment(self, organisation: str, payment_id: str) -> None:
        self._do(organisation, "POST", f"/Payments/{payment_id}", {"Status": "DELETED"})

    def change_invoice(self, organisation: str, invoice_id: str, **fields: object) -> None:
        self._do(organisation, "POST", f"/Invoices/{invoice_id}", fields)

    def everything(self, organisation: str, noun: str) -> list[dict[str, Any]]:
        """Answer all rows of a noun, such as "Invoices"."""
        return self._do(organisation, "GET", f"/{noun}")[noun]

    def _do(self, organisation: str, method: str, path: str, body: object = None) -> Any:
        headers = {
            "authorization": "Bearer bookkeeper",
            "xero-tenant-id": organisation,
            "content-type": "application/json",
            "x-raw-query": "",
        }
        asked = Asked(
            method, API + path, {}, headers, json.dumps(body).encode() if body is not None else b""
        )
        answered, _ = self.proxy.take(asked)
        assert answered.status == 200, answered
        return answered.json()

    # ── before xero-local ─────────────────────────────────────────────────────────────────────

    def _before(self, asked: Asked) -> Answered | None:
        organisation = asked.headers.get("xero-tenant-id", "")
        path = asked.path.removeprefix(API)
        if asked.path == "/connections":
            event = asked.query.get("authEventId", [""])[0]
            rows = [row for row in self.organisations if event in ("", row["authEventId"])]
            return Answered.of(rows) if self.organisations else None
        if asked.path.startswith("/connections/") and asked.method == "DELETE":
            wanted = asked.path.removeprefix("/connections/")
            self.organisations = [row for row in self.organisations if row["id"] != wanted]
            return Answered(204)
        if self.organisations and all(r["tenantId"] != organisation for r in self.organisations):
            if asked.path.startswith(API):
                return Answered.of(
                    {"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful"}, 403
                )
            return None
        if asked.method == "GET":
            return self._settings(path, organisation)
        return (
            self._repeated(asked, organisation)
            or self._refused(asked, organisation)
            or self._known_contact(asked, organisation)
            or self._allocated(asked)
        )

    def _settings(self, path: str, organisation: str) -> Answered | None:
        if path == "/Accounts":
            rows = [
                {"AccountID": str(uuid4()), "Status": "ACTIVE", "EnablePaymentsToAccount": False}
                | row
                for row in ACCOUNTS
            ]
            return Answered.of({"Accounts": rows})
        if path == "/TaxRates":
            rows = [row | {"Status": "ACTIVE", "CanApplyToRevenue": True} for row in TAX_RATES]
            return Answered.of({"TaxRates": rows})
        if path == "/TrackingCategories":
            return Answered.of({"TrackingCategories": [_category(row) for row in TRACKING]})
        if path == "/Organisation":
            names = [r["tenantName"] for r in self.organisations if r["tenantId"] == organisation]
            row = {
                "OrganisationID": organisation,
                "Name": (names or ["Test Organisation"])[0],
                "BaseCurrency": "AUD",
                "CountryCode": "AU",
                "Version": "AU",
                "OrganisationStatus": "ACTIVE",
            }
            return Answered.of({"Organisations": [row]})
        return None

    def _repeated(self, asked: Asked, organisation: str) -> Answered | None:
        key = asked.headers.get("idempotency-key")
        known = self._replies.get((organisation, key)) if key else None
        if known is None:
            return None
        if known[0] != asked.body:
            words = "The idempotency key is used with a different request"
            return Answered.of(
                {"Type": "ValidationException", "Message": words, "ErrorNumber": 10}, 400
            )
        return known[1]

    def _refused(self, asked: Asked, organisation: str) -> Answered | None:
        if not asked.path.endswith("/Invoices"):
            return None
        invoice = asked.json()["Invoices"][0]
        number = invoice.get("InvoiceNumber", "")
        words = self.refusals.get(number)
        if words is None and (organisation, number) in self.numbers:
            words = "Invoice # must be unique."
        if words is None:
            return None
        row = invoice | {
            "InvoiceID": str(uuid4()),
            "StatusAttributeString": "ERROR",
            "HasErrors": True,
            "ValidationErrors": [{"Message": words}],
        }
        return Answered.of({"Invoices": [row]})

    def _known_contact(self, asked: Asked, organisation: str) -> Answered | None:
        """A number that is known changes its contact; a name belongs to one contact only."""
        if not asked.path.endswith("/Contacts"):
            return None
        contact = asked.json()["Contacts"][0]
        number, name = contact.get("ContactNumber", ""), contact.get("Name", "").casefold()
        holder = self.names.get((organisation, name), number)
        if holder != number:
            words = (
                f"The contact name {contact['Name']} is already assigned to another contact. "
                "The contact name must be unique across all active contacts."
            )
            row = contact | {
                "StatusAttributeString": "ERROR",
                "ValidationErrors": [{"Message": words}],
            }
            return Answered.of({"Contacts": [row]})
        self.names[organisation, name] = number
        known = [
            row["ContactID"]
            for row in self._do(organisation, "GET", "/Contacts")["Contacts"]
            if number and self.contact_numbers.get(row["ContactID"]) == number
        ]
        if not known:
            return None
        return Answered.of(self._do(organisation, "POST", f"/Contacts/{known[0]}", contact))

    def _allocated(self, asked: Asked) -> Answered | None:
        if not asked.path.endswith("/Allocations"):
            return None
        rows = [row | {"AllocationID": str(uuid4())} for row in asked.json()["Allocations"]]
        organisation = asked.headers["xero-tenant-id"]
        for row in rows:
            invoice_id, cents = row["Invoice"]["InvoiceID"], round(row["Amount"] * 100)
            invoice = self._do(organisation, "GET", f"/Invoices/{invoice_id}")["Invoices"][0]
            left = round(invoice["AmountDue"] * 100) - cents
            credited = round(invoice["AmountCredited"] * 100) + cents
            self.change_invoice(
                organisation,
                invoice_id,
                AmountDue=left / 100,
                AmountCredited=credited / 100,
                Status="PAID" if left <= 0 else "AUTHORISED",
            )
        return Answered.of({"Allocations": rows})

    # ── after xero-local ──────────────────────────────────────────────────────────────────────

    def _after(self, asked: Asked, answered: Answered) -> Answered:
        path = asked.path.removeprefix(API)
        noun = path.strip("/").partition("/")[0]
        if answered.status != 200 or noun not in (
            "Contacts",
            "Invoices",
            "Payments",
            "CreditNotes",
        ):
            return answered
        content = answered.json()
        if path.endswith("/Allocations") or not isinstance(content, dict):
            return self._kept(asked, answered)
        rows = content.get(noun, [])
        if any(row.get("StatusAttributeString") == "ERROR" for row in rows):
            return self._kept(asked, answered)
        if asked.method != "GET":
            self._note(asked, noun, rows)
        rows = [self._filled(noun, row) for row in rows]
        if asked.method == "GET" and "/" not in path.strip("/"):
            rows = [row for row in rows if self._is_wanted(asked, row)]
        return self._kept(asked, Answered.of(content | {noun: rows}, **_rates(answered)))

    def _note(self, asked: Asked, noun: str, rows: list[dict[str, Any]]) -> None:
        sent = asked.json()
        parts = sent.get(noun, [sent]) if isinstance(sent, dict) else []
        for row, part in zip(rows, parts, strict=False):
            if noun == "Contacts" and part.get("ContactNumber"):
                self.contact_numbers[row["ContactID"]] = part["ContactNumber"]
            if noun == "Payments" and part.get("Reference"):
                self.references[row["PaymentID"]] = part["Reference"]
            self._changed[_id(row)] = datetime.now(UTC)
            if noun == "Invoices":
                self.numbers.add((asked.headers["xero-tenant-id"], row["InvoiceNumber"]))
            if noun == "Payments":
                self._settle_invoice(asked, row)

    def _settle_invoice(self, asked: Asked, payment: dict[str, Any]) -> None:
        """Count what was paid anew, as Xero does when a payment comes or is removed."""
        invoice_id = (payment.get("Invoice") or {}).get("InvoiceID")
        if not invoice_id:
            return
        organisation = asked.headers["xero-tenant-id"]
        found = [
            row
            for row in self._do(organisation, "GET", "/Payments")["Payments"]
            if (row.get("Invoice") or {}).get("InvoiceID") == invoice_id
            and row["Status"] == "AUTHORISED"
        ]
        paid = sum(round(row["Amount"] * 100) for row in found)
        invoice = self._do(organisation, "GET", f"/Invoices/{invoice_id}")["Invoices"][0]
        left = round(invoice["Total"] * 100) - paid - round(invoice["AmountCredited"] * 100)
        self.change_invoice(
            organisation,
            invoice_id,
            AmountPaid=paid / 100,
            AmountDue=max(0, left) / 100,
            Status="PAID" if left <= 0 else "AUTHORISED",
            Payments=[
                {key: row[key] for key in ("PaymentID", "Amount", "Date")}
                | {"Reference": self.references.get(row["PaymentID"], "")}
                for row in found
            ],
        )

    def _filled(self, noun: str, row: dict[str, Any]) -> dict[str, Any]:
        if noun == "Contacts":
            return row | {"ContactNumber": self.contact_numbers.get(row["ContactID"], "")}
        if noun == "Payments":
            return row | {"Reference": self.references.get(row["PaymentID"], "")}
        return row

    def _is_wanted(self, asked: Asked, row: dict[str, Any]) -> bool:
        since = asked.headers.get("if-modified-since")
        if since and self._changed.get(_id(row), datetime.min.replace(tzinfo=UTC)) < _moment(since):
            return False
        where = asked.query.get("where", [""])[0]
        field_name, _, wanted = where.partition("==")
        return not where or row.get(field_name) == wanted.strip('"')

    def _kept(self, asked: Asked, answered: Answered) -> Answered:
        key = asked.headers.get("idempotency-key")
        if key and asked.method != "GET":
            place = (asked.headers.get("xero-tenant-id", ""), key)
            self._replies[place] = (asked.body, answered)
        return answered


def signed(body: bytes, key: str) -> dict[str, str]:
    """Answer the header a webhook of Xero's carries."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return {"x-xero-signature": base64.b64encode(digest).decode()}


def _rates(answered: Answered) -> dict[str, str]:
    found = answered.headers.get("sl-violations")
    return {"sl_violations": found} if found else {}


def _id(row: dict[str, Any]) -> str:
    names = ("PaymentID", "CreditNoteID", "InvoiceID", "ContactID")
    return next((row[name] for name in names if row.get(name)), "")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _category(row: dict[str, Any]) -> dict[str, Any]:
    options = [
        {"TrackingOptionID": str(uuid4()), "Name": name, "Status": "ACTIVE"}
        for name in row["Options"]
    ]
    return {
        "TrackingCategoryID": str(uuid4()),
        "Name": row["Name"],
        "Status": "ACTIVE",
        "Options": options,
    }
