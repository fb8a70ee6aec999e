"""The few calls of ClickSend's that are used, for one clinic's account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_integrations.sms.carriers import Carrier, News
from billing_integrations.sms.clicksend import payloads
from billing_integrations.sms.clicksend.words import error_of
from billing_integrations.sms.senders import shown
from connections.http import retry_after
from ports.outcomes import (
    BrokenConnectionError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import httpx2

    from connections.opened import OpenConnection
    from ports.sms import OutgoingSms, SmsAnswer

UNAUTHORISED, TOO_MANY = 401, 429
WRONG, BROKEN = 400, 500
PAGE = 100
MOST_PAGES = 50
SUCCESS = "SUCCESS"


class ClickSendApi(Carrier):
    """Speaks to ClickSend by an `httpx2.Client` whose transport errors are `ports.outcomes`."""

    def __init__(self, opened: OpenConnection, client: httpx2.Client) -> None:
        self._client = client
        self._sender = str(opened.options.get("sender", ""))

    def send(self, sms: OutgoingSms) -> SmsAnswer:
        """Send one text. The answer is 200 even where the text was refused: its status counts."""
        response = self._client.post(
            "/v3/sms/send", json=payloads.request_of(sms, sender=self._sender)
        )
        if response.status_code >= BROKEN:
            raise UnclearError("ClickSend broke off: the text may have been sent.")
        read = _document(response, is_unclear=True)
        messages = read.get("messages") or []
        if len(messages) != 1:
            raise UnclearError("ClickSend's answer names no text: it may have been sent.")
        status = str(messages[0].get("status", ""))
        if status != SUCCESS:
            raise error_of(status)
        return payloads.answer_of(messages[0], currency=_currency(read))

    def find(
        self, sms: OutgoingSms, *, since: datetime, known: Collection[str]
    ) -> SmsAnswer | None:
        """Look for the text in the history, by our id of it."""
        fields = {"q": f"to:{sms.to}", "date_from": str(int(since.timestamp()))}
        for message in self._pages("/v3/sms/history", fields, most_pages=3):
            is_ours = message.get("custom_string") == sms.reference
            if is_ours and str(message.get("message_id")) not in known:
                return payloads.answer_of(message)
        return None

    def news(self, *, since: datetime) -> News:
        """Read receipts and replies that were not read yet; ClickSend itself knows since when."""
        del since
        news = News()
        now = datetime.now(UTC)
        for fields in self._pages("/v3/sms/receipts", {}, most_pages=MOST_PAGES):
            receipt = payloads.receipt_of(fields, at=now)
            if receipt:
                news.receipts.append(receipt)
        for fields in self._pages("/v3/sms/inbound", {}, most_pages=MOST_PAGES):
            incoming = payloads.incoming_of(fields, at=now)
            if incoming:
                news.incoming.append(incoming)
        return news

    def noted(self, news: News) -> None:
        """Have what was written down not listed again."""
        for path, moments in (
            ("/v3/sms/receipts-read", [one.at for one in news.receipts]),
            ("/v3/sms/inbound-read", [one.at for one in news.incoming]),
        ):
            if moments:
                before = {"date_before": int(max(moments).timestamp())}
                _document(self._client.put(path, json=before))

    def call_us(self, address: str) -> str:
        """Have ClickSend call our address with receipts and replies, and keep both for the poll too."""
        inbound = {"dedicated_number": self._sender, "message_search_type": 0}
        for action, target in (("URL", address), ("POLL", "")):
            self._rule("receipts", {"match_type": 0}, action, target)
            self._rule("inbound", inbound, action, target)
        return f"Receipts, and replies to {shown(self._sender)}, come to Nexus."

    def _rule(self, kind: str, match: dict[str, Any], action: str, target: str) -> None:
        """Add a rule to ClickSend's automations, unless it stands there."""
        path = f"/v3/automations/sms/{kind}"
        for rule in self._pages(path, {}, most_pages=3):
            is_same = rule.get("action") == action and (rule.get("action_address") or "") == target
            if is_same and rule.get("dedicated_number", "") in {match.get("dedicated_number"), ""}:
                return
        rule = {
            **match,
            "rule_name": f"Nexus {kind} {action.lower()}",
            "action": action,
            "action_address": target,
            "enabled": 1,
        }
        _document(self._client.post(path, json=rule))

    def account(self) -> dict[str, Any]:
        """Read the account: its name and what is left on it."""
        return _document(self._client.get("/v3/account"))

    def _pages(
        self, path: str, fields: dict[str, str], *, most_pages: int
    ) -> Iterator[dict[str, Any]]:
        for page in range(1, most_pages + 1):
            params = {**fields, "limit": str(PAGE), "page": str(page)}
            read = _document(self._client.get(path, params=params))
            yield from read.get("data") or []
            if page >= int(read.get("last_page") or 1):
                return


def currency_of(read: dict[str, Any]) -> str:
    """Answer the currency an answer names, Australian dollars if none."""
    return _currency(read)


def _currency(read: dict[str, Any]) -> str:
    named = read.get("_currency") or {}
    return str(named.get("currency_name_short") or "AUD").upper()


def _document(response: httpx2.Response, *, is_unclear: bool = False) -> dict[str, Any]:
    """Answer the `data` of a success; raises what a refusal means."""
    status = response.status_code
    read: Any = {}
    try:
        read = response.json()
    except ValueError:
        if status < WRONG:
            words = "ClickSend's answer could not be read."
            raise (UnclearError(words) if is_unclear else RetryLaterError(words)) from None
    if not isinstance(read, dict):
        read = {}
    if status < WRONG:
        inner = read.get("data")
        return dict(inner) if isinstance(inner, dict) else {"data": inner}
    if status >= BROKEN:
        raise RetryLaterError("ClickSend is not well at the moment.")
    if status == TOO_MANY:
        raise RetryLaterError(
            "ClickSend asks to wait: too much at once.", after=retry_after(response.headers)
        )
    if status == UNAUTHORISED:
        raise BrokenConnectionError(
            "ClickSend does not accept the clinic's key: connect ClickSend again with what it is now."
        )
    code = str(read.get("response_code", ""))
    if code in {"", "BAD_REQUEST", "FORBIDDEN", "NOT_FOUND"}:
        said = str(read.get("response_msg", "")).strip() or "the request was refused."
        raise RefusedError(f"ClickSend: {said}")
    raise error_of(code, str(read.get("response_msg", "")))
