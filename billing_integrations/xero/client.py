"""The few requests a clinic's books need of Xero's Accounting API 2.0, and how they are made.

Raises the errors of `ports.outcomes`, above all those of `billing_integrations.xero.problems`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billing_integrations.xero import problems, wire
from ports.outcomes import RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime

    import httpx2

Row = dict[str, Any]
PAGE = 200
"""Rows of one page; Xero answers at most 1,000."""
MOST_PAGES = 500
AT_ONCE = 40
"""Ids in one address, which must stay shorter than 2,000 letters or so."""


@dataclass(frozen=True)
class Room:
    """What Xero says is left of its limits; None where it does not say."""

    minute: int | None = None
    day: int | None = None
    app_minute: int | None = None


class XeroClient:
    """One organisation, with an access token that is valid now. Not for several threads.

    `renew` answers a new access token; it is called once at most, when Xero refuses the first.
    """

    def __init__(
        self,
        http: httpx2.Client,
        *,
        base_url: str,
        token: str,
        organisation: str,
        renew: Callable[[], str] | None = None,
    ) -> None:
        self._http = http
        self._renew = renew
        self._base = base_url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Xero-Tenant-Id": organisation,
        }
        self.room = Room()

    # ── settings ──────────────────────────────────────────────────────────────────────────────

    def organisation(self) -> Row:
        rows = self._get("Organisation", "Organisations")
        return rows[0] if rows else {}

    def accounts(self) -> list[Row]:
        return self._get("Accounts", "Accounts")

    def tax_rates(self) -> list[Row]:
        return self._get("TaxRates", "TaxRates")

    def tracking_categories(self) -> list[Row]:
        return self._get("TrackingCategories", "TrackingCategories")

    # ── reading ───────────────────────────────────────────────────────────────────────────────

    def contact_by_number(self, number: str) -> Row | None:
        params = {"where": f'ContactNumber=="{_plain(number)}"', "includeArchived": "true"}
        rows = self._get("Contacts", "Contacts", params)
        return next((row for row in rows if row.get("ContactNumber") == number), None)

    def contacts(self, ids: Iterable[str]) -> list[Row]:
        return [row for group in _groups(ids) for row in self._all("Contacts", {"IDs": group})]

    def invoice(self, invoice_id: str) -> Row:
        return self._one(f"Invoices/{_plain(invoice_id)}", "Invoices")

    def invoices(self, ids: Iterable[str]) -> list[Row]:
        return [row for group in _groups(ids) for row in self._all("Invoices", {"IDs": group})]

    def invoices_by_number(self, numbers: Iterable[str]) -> list[Row]:
        """Answer the sales of these numbers; what was deleted or voided stands among them."""
        found = [
            row
            for group in _groups(numbers)
            for row in self._all("Invoices", {"InvoiceNumbers": group})
        ]
        return [row for row in found if row.get("Type", "ACCREC") == "ACCREC"]

    def invoices_since(self, asked: datetime) -> Iterator[Row]:
        return self._all("Invoices", {"where": 'Type=="ACCREC"'}, since=asked)

    def sales_from(self, first: date) -> Iterator[Row]:
        """Yield every invoice to a customer dated from a day on, without lines."""
        day = f"DateTime({first.year},{first.month},{first.day})"
        where = f'Type=="ACCREC" AND Date>={day}'
        return self._all("Invoices", {"where": where, "summaryOnly": "true"})

    def credit_note_by_number(self, number: str) -> Row | None:
        params = {"where": f'CreditNoteNumber=="{_plain(number)}"'}
        rows = self._all("CreditNotes", params)
        return next((row for row in rows if row.get("CreditNoteNumber") == number), None)

    def payments_since(self, asked: datetime) -> Iterator[Row]:
        return self._all("Payments", {}, since=asked)

    def payment_by_reference(self, reference: str) -> Row | None:
        """Answer the payment that carries our reference and still counts."""
        rows = self._all("Payments", {"where": f'Reference=="{_plain(reference)}"'})
        wanted = (row for row in rows if row.get("Reference") == reference)
        return next((row for row in wanted if row.get("Status") != "DELETED"), None)

    # ── writing ───────────────────────────────────────────────────────────────────────────────

    def put_contact(self, payload: Row, *, key: str) -> Row:
        """Make a contact, or change the one of this ContactNumber."""
        return self._send("POST", "Contacts", {"Contacts": [payload]}, key=key)

    def create_invoice(self, payload: Row, *, key: str) -> Row:
        return self._send("PUT", "Invoices", {"Invoices": [payload]}, key=key)

    def change_invoice(self, invoice_id: str, payload: Row, *, key: str) -> Row:
        path = f"Invoices/{_plain(invoice_id)}"
        return self._send("POST", path, {"Invoices": [payload]}, noun="Invoices", key=key)

    def create_credit_note(self, payload: Row, *, key: str) -> Row:
        return self._send("PUT", "CreditNotes", {"CreditNotes": [payload]}, key=key)

    def allocate(self, credit_note_id: str, payload: Row, *, key: str) -> Row:
        path = f"CreditNotes/{_plain(credit_note_id)}/Allocations"
        return self._send("PUT", path, {"Allocations": [payload]}, noun="Allocations", key=key)

    def create_payment(self, payload: Row, *, key: str) -> Row:
        return self._send("POST", "Payments", payload, key=key, summarize=None)

    def delete_payment(self, payment_id: str, *, key: str) -> Row:
        path = f"Payments/{_plain(payment_id)}"
        return self._send(
            "POST", path, {"Status": "DELETED"}, noun="Payments", key=key, summarize=None
        )

    # ── how ───────────────────────────────────────────────────────────────────────────────────

    def _send(
        self,
        method: str,
        path: str,
        body: Row,
        *,
        key: str,
        noun: str = "",
        summarize: str | None = "false",
    ) -> Row:
        """Send one element and answer it as Xero has it; an error of the element is raised."""
        is_one_of_many = "/" not in path or path.endswith("/Allocations")
        params = {"summarizeErrors": summarize} if summarize and is_one_of_many else {}
        headers = {"Idempotency-Key": key}
        content = self._ask(method, path, params=params, headers=headers, json=body)
        rows = content.get(noun or path)
        if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
            raise RetryLaterError("Xero's answer does not say what became of it.")
        if (refused := problems.element_error(rows[0])) is not None:
            raise refused
        return rows[0]

    def _one(self, path: str, noun: str) -> Row:
        rows = self._get(path, noun)
        if not rows:
            raise problems.NotFoundError("Xero does not have this record (any more).")
        return rows[0]

    def _get(self, path: str, noun: str, params: dict[str, str] | None = None) -> list[Row]:
        return _rows(self._ask("GET", path, params=params or {}), noun)

    def _all(
        self, noun: str, params: dict[str, str], *, since: datetime | None = None
    ) -> Iterator[Row]:
        """Yield every row, page by page; pages carry the lines, lists without pages do not."""
        headers = {"If-Modified-Since": wire.since(since)} if since else {}
        for page in range(1, MOST_PAGES + 1):
            paged = params | {"page": str(page), "pageSize": str(PAGE)}
            content = self._ask("GET", noun, params=paged, headers=headers)
            rows = _rows(content, noun)
            yield from rows
            told = content.get("pagination")
            last = int(told.get("pageCount") or 0) if isinstance(told, dict) else None
            if page >= last if last is not None else len(rows) < PAGE:
                return
        raise RetryLaterError(f"Xero has more than {MOST_PAGES * PAGE:,} {noun} to answer.")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str],
        headers: dict[str, str] | None = None,
        json: Row | None = None,
    ) -> Row:
        url = f"{self._base}/{path}"
        more = headers or {}
        response = self._http.request(
            method, url, params=params, headers=self._headers | more, json=json
        )
        if response.status_code == problems.UNAUTHORISED and self._renew is not None:
            renew, self._renew = self._renew, None
            self._headers["Authorization"] = f"Bearer {renew()}"
            response = self._http.request(
                method, url, params=params, headers=self._headers | more, json=json
            )
        self.room = _room(response)
        if (wrong := problems.error_of(response)) is not None:
            raise wrong
        if response.status_code == problems.UNCHANGED:
            return {}
        try:
            content = wire.read(response.content)
        except ValueError:
            raise RetryLaterError("Xero's answer is cut or is not JSON.") from None
        if not isinstance(content, dict):
            raise RetryLaterError("Xero's answer is not what its documentation says.")
        return content


def _rows(content: Row, noun: str) -> list[Row]:
    rows = content.get(noun)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _groups(ids: Iterable[str]) -> Iterator[str]:
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), AT_ONCE):
        yield ",".join(wanted[start : start + AT_ONCE])


def _plain(text: str) -> str:
    """Keep a text from ending the quotes or the path it is put into."""
    return text.replace("\\", "").replace('"', "").replace("/", "")


def _room(response: httpx2.Response) -> Room:
    def left(name: str) -> int | None:
        text = response.headers.get(name, "")
        return int(text) if text.isdigit() else None

    return Room(
        minute=left("x-minlimit-remaining"),
        day=left("x-daylimit-remaining"),
        app_minute=left("x-appminlimit-remaining"),
    )
