"""Reading answers out of a mailbox whose owner has agreed to it: what is new in its inbox, and no more.

Gmail keeps the history of about a week. Where it does not go back far enough, the last seven days of
the inbox are looked at; what is known already is not kept twice.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing_integrations.gmail.addresses import API
from billing_integrations.gmail.connecting import READ
from billing_integrations.gmail.parts import head_of, text_of
from clinical.messages import incoming_mail
from connections import addresses, http, tokens
from connections.models import Connection
from connections.providers import provider
from ports.outcomes import DeliveryError, RetryLaterError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx2

    from connections.opened import OpenConnection
    from tenants.models import Tenant

log = logging.getLogger(__name__)

WANTED, FROM, SINCE = "reads", "reads_from", "reads_since"
"""Options of the connection: is it wanted, from which history on, and since which moment."""
PROBLEM, READ_AT = "reads_problem", "reads_at"
MOST_PAGES = 5
A_PAGE = 100
BACK = timedelta(days=7)
HEADERS = ("From", "Subject", "Date", "In-Reply-To", "References")
NO_CONSENT = "Google no longer lets Nexus read. Mails still go out. Ask for the consent again."
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_MAILBOX = "/gmail/v1/users/me"


class _ConsentEndedError(Exception):
    """The token may not read: sending is another matter."""


def wanted_scopes(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Answer what is asked for besides sending."""
    return (READ,) if options.get(WANTED) else ()


def is_consented(options: Mapping[str, Any], scopes: Sequence[str]) -> bool:
    return bool(options.get(WANTED)) and READ in scopes


def read(clinic: Tenant) -> int:
    """Take in what is new; answers how many mails were kept. Outside every scope."""
    try:
        opened = tokens.open_connection(clinic, "gmail")
    except DeliveryError:
        return 0  # the connection's own troubles are told elsewhere
    if not is_consented(opened.options, opened.scopes):
        return 0
    box = _Mailbox(clinic, opened)
    try:
        kept = box.take_in(str(opened.options.get(FROM) or ""))
    except _ConsentEndedError:
        box.note({PROBLEM: NO_CONSENT, WANTED: False})
        return 0
    except DeliveryError as error:
        log.warning("answers of %s were not read: %s", clinic.subdomain, type(error).__name__)
        return 0
    box.note({PROBLEM: "", READ_AT: timezone.now().isoformat()})
    return kept


class _Mailbox:
    """One clinic's mailbox, for one round."""

    def __init__(self, clinic: Tenant, opened: OpenConnection) -> None:
        self._clinic, self._opened = clinic, opened

    def take_in(self, since: str) -> int:
        if not since:  # from the consent on
            self.note({FROM: self._now(), SINCE: timezone.now().isoformat()})
            return 0
        kept = 0
        for ids, reached in self._added(since):
            kept += sum(self._tried(one) for one in ids)
            self.note({FROM: reached})
        return kept

    def note(self, options: Mapping[str, object]) -> None:
        """Keep how far it got, unless the reading was given up or begun anew meanwhile."""
        with tenant_scope(self._clinic):
            held = Connection.objects.select_for_update().filter(pk=self._opened.id)
            found = held.filter(state=Connection.State.LIVE).first()
            if found is None or not is_consented(found.options, found.scopes):
                return
            found.options = {**found.options, **options}
            found.save(update_fields=["options", "changed_at"])

    def _now(self) -> str:
        return str(self._get("/profile").json()["historyId"])

    def _added(self, since: str) -> Iterator[tuple[list[str], str]]:
        """Answer page by page the ids of what came into the inbox, and how far that reaches."""
        asked: dict[str, Any] = {
            "startHistoryId": since,
            "historyTypes": "messageAdded",
            "labelId": "INBOX",
            "maxResults": A_PAGE,
        }
        for _ in range(MOST_PAGES):
            answer = self._get("/history", asked, may_be_gone=True)
            if answer.status_code == _NOT_FOUND:
                yield from self._of_last_days()
                return
            page = answer.json()
            records = page.get("history", [])
            added = [one["message"] for row in records for one in row.get("messagesAdded", [])]
            ids = [one["id"] for one in added if _is_incoming(one)]
            token = page.get("nextPageToken")
            is_last = not token or not records
            yield ids, str(page["historyId"] if is_last else records[-1]["id"])
            if is_last:
                return
            asked["pageToken"] = token

    def _of_last_days(self) -> Iterator[tuple[list[str], str]]:
        """Look at the inbox of the last days, at most so many, and never before the consent."""
        agreed = parse_datetime(str(self._opened.options.get(SINCE) or ""))
        since = max(agreed, timezone.now() - BACK) if agreed else timezone.now()
        reached = self._now()
        asked: dict[str, Any] = {
            "q": f"after:{int(since.timestamp())}",
            "labelIds": "INBOX",
            "maxResults": A_PAGE,
        }
        found: list[str] = []
        for _ in range(MOST_PAGES):
            page = self._get("/messages", asked).json()
            found += [one["id"] for one in page.get("messages", [])]
            if not page.get("nextPageToken"):
                break
            asked["pageToken"] = page["nextPageToken"]
        yield found[::-1], reached

    def _tried(self, vendor_id: str) -> bool:
        """Take in a mail; one that nobody can read does not keep the others from it."""
        try:
            return self._take(vendor_id)
        except (DeliveryError, _ConsentEndedError):
            raise
        except Exception:
            log.exception("a mail to %s could not be read", self._clinic.subdomain)
            return False

    def _take(self, vendor_id: str) -> bool:
        """Look at the outside of a mail; only where it is somebody's, at its text."""
        with tenant_scope(self._clinic):
            if not self._may_read() or incoming_mail.is_known("gmail", vendor_id):
                return False
        path = f"/messages/{vendor_id}"
        outside = self._get(
            path, {"format": "metadata", "metadataHeaders": list(HEADERS)}, may_be_gone=True
        )
        if outside.status_code == _NOT_FOUND:  # deleted meanwhile
            return False
        head = head_of(outside.json())
        mailbox = self._opened.account_name
        with tenant_scope(self._clinic):
            if incoming_mail.whose(head, mailbox=mailbox) is None:
                return False
        inside = self._get(path, {"format": "full"}, may_be_gone=True)
        if inside.status_code == _NOT_FOUND:
            return False
        text = text_of(inside.json())
        with tenant_scope(self._clinic):
            if not self._may_read():
                return False
            return incoming_mail.received("gmail", head, text, mailbox=mailbox) is not None

    def _may_read(self) -> bool:
        """Answer, in the clinic's scope, whether the consent was not taken back meanwhile."""
        found = Connection.objects.filter(pk=self._opened.id, state=Connection.State.LIVE).first()
        return found is not None and is_consented(found.options, found.scopes)

    def _get(
        self, path: str, params: Mapping[str, Any] | None = None, *, may_be_gone: bool = False
    ) -> httpx2.Response:
        answer = self._ask(path, params)
        if answer.status_code == _UNAUTHORIZED:
            self._opened = tokens.refused(self._opened)
            answer = self._ask(path, params)
        if may_be_gone and answer.status_code == _NOT_FOUND:
            return answer
        if answer.status_code == _FORBIDDEN and _lacks_consent(answer):
            raise _ConsentEndedError
        http.raise_for(answer, vendor="Gmail", idempotent=True)
        if not answer.is_success:
            raise RetryLaterError(f"Gmail did not answer ({answer.status_code}).")
        return answer

    def _ask(self, path: str, params: Mapping[str, Any] | None) -> httpx2.Response:
        # Not counted: the clinic's limits at Gmail are those of sending.
        with http.client(
            provider=provider(self._opened.provider),
            base_url=addresses.url(API),
            headers={"Authorization": f"Bearer {self._opened.token}"},
        ) as client:
            return client.get(f"{_MAILBOX}{path}", params=dict(params or {}))


def _is_incoming(message: Mapping[str, Any]) -> bool:
    labels = set(message.get("labelIds", ["INBOX"]))
    return "INBOX" in labels and not labels & {"SENT", "DRAFT", "SPAM", "TRASH"}


def _lacks_consent(answer: httpx2.Response) -> bool:
    return "insufficient" in answer.text.lower()
