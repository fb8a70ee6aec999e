"""The few calls of Twilio's that are used, for one clinic's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from billing_integrations.sms.carriers import Carrier, News
from billing_integrations.sms.senders import SenderKind, kind_of, shown
from billing_integrations.sms.twilio import payloads
from billing_integrations.sms.twilio.words import error_of
from connections.http import retry_after
from ports.outcomes import (
    BrokenConnectionError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    import httpx2

    from billing_integrations.sms.carriers import Price
    from connections.opened import OpenConnection
    from ports.sms import OutgoingSms, SmsAnswer

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
WRONG = 400
BROKEN = 500
NOT_OURS = 21606
MOST_PAGES = 20
"""Of a thousand texts each: no clinic sends more between two looks."""


class TwilioApi(Carrier):
    """Speaks to Twilio by an `httpx2.Client` whose transport errors are `ports.outcomes`."""

    page_size: ClassVar[int] = 1000

    def __init__(
        self, opened: OpenConnection, client: httpx2.Client, *, callback: str = ""
    ) -> None:
        self._opened = opened
        self._client = client
        self._callback = callback
        self._account = opened.external_id or str(opened.options.get("account_sid", ""))
        self._sender = str(opened.options.get("sender", ""))

    def send(self, sms: OutgoingSms) -> SmsAnswer:
        """Create a Message; what may have been taken although no answer came is UnclearError."""
        fields = payloads.fields_of(sms, sender=self._sender, callback=self._callback)
        response = self._client.post(self._path("Messages.json"), data=fields)
        if response.status_code >= BROKEN:
            raise UnclearError("Twilio broke off: the text may have been sent.")
        return payloads.answer_of(_document(response, is_unclear=True))

    def find(
        self, sms: OutgoingSms, *, since: datetime, known: Collection[str]
    ) -> SmsAnswer | None:
        """Look for the text in Twilio's list, by number, words and time."""
        fields = {"To": sms.to, "PageSize": "50"}
        for message in self._list(fields, since=since, most_pages=2):
            is_ours = message.get("body") == sms.body and str(message["sid"]) not in known
            if is_ours and not str(message.get("direction", "")).startswith("inbound"):
                return payloads.answer_of(message)
        return None

    def news(self, *, since: datetime) -> News:
        """Read everything since then: states and prices of what went out, and what came in."""
        news = News()
        fields = {"PageSize": str(self.page_size)}
        for message in self._list(fields, since=since, most_pages=MOST_PAGES):
            if str(message.get("direction", "")).startswith("inbound"):
                news.incoming.append(payloads.incoming_of_message(message))
                continue
            news.receipts.append(payloads.receipt_of_message(message))
            price: Price | None = payloads.price_of(message)
            if price:
                news.prices.append(price)
        return news

    def noted(self, news: News) -> None:
        """Twilio keeps its list whatever was read of it."""

    def account(self) -> dict[str, Any]:
        """Read the account: its name and whether it is active."""
        return _document(self._client.get(f"/2010-04-01/Accounts/{self._account}.json"))

    def balance(self) -> tuple[str, str] | None:
        """Answer what is left and in which currency; None where the keys may not ask."""
        response = self._client.get(self._path("Balance.json"))
        if response.status_code in {UNAUTHORISED, FORBIDDEN, NOT_FOUND}:
            return None
        read = _document(response)
        return str(read.get("balance", "")), str(read.get("currency", ""))

    def number(self, number: str) -> dict[str, Any] | None:
        """Read a number of the account, with where it sends replies; None if it has none such."""
        response = self._client.get(
            self._path("IncomingPhoneNumbers.json"), params={"PhoneNumber": number}
        )
        found = _document(response).get("incoming_phone_numbers") or []
        return next((one for one in found if one.get("phone_number") == number), None)

    def call_us(self, address: str) -> str:
        """Have Twilio call our address with every text to the clinic's number."""
        if kind_of(self._sender) is not SenderKind.NUMBER:
            raise RefusedError(
                "The sender is a messaging service: set the address below there, under Integration, "
                "“Send a webhook”."
            )
        number = self.number(self._sender)
        if number is None:
            raise error_of(NOT_OURS, "")
        path = self._path(f"IncomingPhoneNumbers/{number['sid']}.json")
        _document(self._client.post(path, data={"SmsUrl": address, "SmsMethod": "POST"}))
        return f"Replies to {shown(self._sender)} come to Nexus."

    def _list(
        self, fields: dict[str, str], *, since: datetime, most_pages: int
    ) -> Iterator[dict[str, Any]]:
        """Read Messages, newest first, down to that moment.

        Without Twilio's own filter by date, which leaves out what is still in its queue.
        """
        for page in range(most_pages):
            params = {**fields, **({"Page": str(page)} if page else {})}
            read = _document(self._client.get(self._path("Messages.json"), params=params))
            messages = read.get("messages") or []
            for message in messages:
                moment = payloads.moment_of(message)
                if moment and moment < since:
                    return
                yield message
            if not read.get("next_page_uri"):
                return

    def _path(self, end: str) -> str:
        return f"/2010-04-01/Accounts/{self._account}/{end}"


def credentials(opened: OpenConnection) -> tuple[str, str]:
    """Answer user and password: an API key where there is one, else the account itself."""
    key, secret = opened.options.get("api_key_sid", ""), opened.secrets.get("api_key_secret", "")
    if key and secret:
        return str(key), secret
    return str(opened.options.get("account_sid", "")), opened.secrets.get("auth_token", "")


def _document(response: httpx2.Response, *, is_unclear: bool = False) -> dict[str, Any]:
    """Answer the body of a success; raises what a refusal means."""
    status = response.status_code
    read: Any = {}
    try:
        read = response.json()
    except ValueError:
        if status < WRONG:
            words = "Twilio's answer could not be read."
            raise (UnclearError(words) if is_unclear else RetryLaterError(words)) from None
    if status < WRONG:
        return dict(read)
    if status >= BROKEN:
        raise RetryLaterError("Twilio is not well at the moment.")
    said = str(read.get("message", "")) if isinstance(read, dict) else ""
    code = read.get("code") if isinstance(read, dict) else None
    if status == TOO_MANY:
        raise RetryLaterError(
            "Twilio asks to wait: too much at once.", after=retry_after(response.headers)
        )
    if status == UNAUTHORISED:
        raise BrokenConnectionError(
            "Twilio does not accept the clinic's keys: connect Twilio again with what it is now."
        )
    if status == FORBIDDEN and code is None:
        raise RefusedError("Twilio does not let these keys do that.")
    raise error_of(
        code if isinstance(code, int) else None, said, after=retry_after(response.headers)
    )
