"""Sending through Gmail's REST interface, and what each of its answers means.

Gmail has no key that makes a repeated request harmless, and with `gmail.send` alone nobody can look
whether a mail was sent: what may have been taken is unclear, and a person decides.
"""

from __future__ import annotations

import base64
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from billing_integrations.gmail.addresses import API
from connections import addresses, http, tokens
from connections.providers import provider
from ports.mail import MailReceipt
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    from email.message import EmailMessage

    import httpx2

    from connections.opened import OpenConnection

LARGEST = 25 * 1024 * 1024
"""Bytes of a whole mail, its attachments included as they are written in it."""
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE = 401, 403, 404, 413
_BUSY = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}
_DAY_IS_FULL = {"dailyLimitExceeded", "userDailyLimitExceeded"}
_NOT_CONSENTED = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_BUSY_SECONDS, _DAY_SECONDS = 60.0, 3600.0


class GmailMailer:
    """The Gmail mailbox of an open connection."""

    def __init__(self, opened: OpenConnection) -> None:
        self._opened = opened
        self.address = opened.account_name

    def send(self, mail: EmailMessage, *, thread_id: str = "") -> MailReceipt:
        """Send it; raises errors of `ports.outcomes`.

        A thread that this mailbox does not have (another mailbox was connected before) is left out.
        """
        _speak_as(mail, self.address)
        content = mail.as_bytes()
        if len(content) > LARGEST:
            size = len(content) / 1024**2
            raise RefusedError(
                f"The mail has {size:.0f} MB with its attachments; Gmail takes "
                f"{LARGEST // 1024**2} MB at most. Send fewer or smaller attachments."
            )
        body = {"raw": base64.urlsafe_b64encode(content).decode()}
        answer = self._post({**body, "threadId": thread_id} if thread_id else body)
        if answer.status_code == _NOT_FOUND and thread_id:
            answer = self._post(body)
        return _receipt(answer)

    def _post(self, body: dict[str, str]) -> httpx2.Response:
        """Ask Gmail to send; a token that it does not take is renewed once: nothing was sent then."""
        answer = self._ask(body)
        if answer.status_code == _UNAUTHORIZED:
            self._opened = tokens.refused(self._opened)
            answer = self._ask(body)
        return answer

    def _ask(self, body: dict[str, str]) -> httpx2.Response:
        with http.client(
            self._opened,
            provider=provider(self._opened.provider),
            base_url=addresses.url(API),
            headers={"Authorization": f"Bearer {self._opened.token}"},
        ) as client:
            return client.post("/gmail/v1/users/me/messages/send", json=body)


def _speak_as(mail: EmailMessage, address: str) -> None:
    """Let the mailbox stand in From: Gmail would replace anything else. Answers go where they did."""
    name, given = parseaddr(str(mail["From"] or ""))
    if given.casefold() == address.casefold():
        return
    if given and "Reply-To" not in mail:
        mail["Reply-To"] = given
    del mail["From"]
    mail["From"] = formataddr((name, address))


def _receipt(answer: httpx2.Response) -> MailReceipt:
    if answer.is_success:
        try:
            said = answer.json()
            return MailReceipt(str(said["id"]), str(said.get("threadId", "")))
        except (ValueError, KeyError, TypeError):
            return MailReceipt()  # it was sent; that its id cannot be read takes nothing back
    _raise_for(answer)
    raise RefusedError(f"Gmail refused the mail ({answer.status_code}).")


def _raise_for(answer: httpx2.Response) -> None:
    reasons, message = _said(answer)
    status = answer.status_code
    if status == _FORBIDDEN and reasons & _BUSY:
        after = http.retry_after(answer.headers)
        raise RetryLaterError("Gmail asked us to wait.", after=after or _BUSY_SECONDS)
    if reasons & _DAY_IS_FULL:
        raise RetryLaterError(
            "Gmail sends no more from this mailbox today: its daily limit is reached.",
            after=http.retry_after(answer.headers) or _DAY_SECONDS,
        )
    if status == _FORBIDDEN and reasons & _NOT_CONSENTED:
        raise BrokenConnectionError(
            "The consent given at Google does not cover sending. Connect Gmail again, and leave "
            "“Send email on your behalf” ticked."
        )
    if status == _FORBIDDEN and "domainPolicy" in reasons:
        raise BrokenConnectionError(
            "Your Google Workspace does not allow Nexus to send. Its administrator can allow it."
        )
    if "failedPrecondition" in reasons or "FAILED_PRECONDITION" in reasons:
        raise BrokenConnectionError(
            "This Google account has no Gmail mailbox that works. Connect another account."
        )
    if status == _TOO_LARGE:
        raise RefusedError("The mail is larger than Gmail takes. Send fewer attachments.")
    if "invalid to header" in message.lower():
        raise RefusedError("Gmail does not take this address. Correct it.")
    http.raise_for(answer, vendor="Gmail")


def _said(answer: httpx2.Response) -> tuple[set[str], str]:
    """Answer Google's reasons and its words, where its answer has them."""
    try:
        error: Any = answer.json()["error"]
        found = {str(one.get("reason", "")) for one in error.get("errors", ())}
        found |= {str(one.get("reason", "")) for one in error.get("details", ())}
        return found | {str(error.get("status", ""))}, str(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return set(), ""
