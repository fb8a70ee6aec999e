"""The FileMaker Data API: one session per job, always closed.

    with DataApiClient(transport, "Clinic", account="import", password="…") as client:
        for layout in client.layouts():
            ...

Shapes and rules: help.claris.com, Data API guide. Whether a call succeeded is told by
`messages[0].code` and not by the HTTP status: 101 and 401 come with 200, 400, 404 or 500.
"""

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from onboarding.filemaker.live.answers import Json, listing, mapping, number_of, parse_json, text_of
from onboarding.filemaker.live.dataapi_shapes import (
    DataRecord,
    Layout,
    LayoutInfo,
    ProductInfo,
    RecordPage,
    field_info,
    flat_layouts,
    record_of,
    value_list,
)
from onboarding.filemaker.live.errors import (
    CANNOT_OPEN,
    FULL_HOST,
    NO_RECORDS,
    SESSION_ENDED,
    BrokenAnswerError,
    LiveSourceError,
    RecordsMissingError,
    ServerBrokenError,
    ServerSilentError,
    error_of,
)
from onboarding.filemaker.live.transport import Answer, Attempts, Transport

BASE = "/fmi/data/vLatest"
# Whether dates are asked for as ISO and portals nobody asked for are declined. Servers before 19.6
# do not know the first and it is not documented for all that they know the second, so a
# server that refuses a parameter is asked with fewer.
_MANNERS = ((True, True), (False, True), (True, False), (False, False))
_RETRIED_STATUS = frozenset({500, 502, 503, 504})
_UNKNOWN_PARAMETER = frozenset({10, 960, 1708})


class DataApiClient:
    """Calls on one database. A context manager: the session ends with it, whatever happens."""

    def __init__(
        self,
        transport: Transport,
        database: str,
        *,
        account: str,
        password: str,
        on_session: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_session` is told each session's token when it begins, and "" when it has ended."""
        self.transport = transport
        self.database = database
        self._on_session = on_session
        self._basic = basic_authorization(account, password)
        self._token = ""
        self._manners = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session, so that it holds no seat on the clinic's server."""
        token, self._token = self._token, ""
        try:
            if token:
                self.end_session(token)
                self._on_session("")
        finally:
            self.transport.close()

    @property
    def dates_are_iso(self) -> bool:
        """False once an older server refused ISO dates; it then sends MM/DD/YYYY."""
        return _MANNERS[self._manners][0]

    # --- calls ---------------------------------------------------------------------------------

    def product_info(self) -> ProductInfo:
        """Ask who answers; needs no account."""
        info = mapping(self._call("GET", "/productInfo", signed_in=False).response, "productInfo")
        return ProductInfo(
            name=text_of(info.get("name")),
            version=text_of(info.get("version")),
            date_format=text_of(info.get("dateFormat")),
            time_format=text_of(info.get("timeFormat")),
            timestamp_format=text_of(info.get("timeStampFormat")),
        )

    def databases(self) -> list[str]:
        """Return the databases this account is shown, which may be fewer than there are."""
        reply = self._call("GET", "/databases", signed_in=False, authorization=self._basic)
        return [
            text_of(mapping(entry).get("name")) for entry in listing(reply.response, "databases")
        ]

    def log_in(self) -> None:
        """Begin the session. Waits where the server is full; never tries a password twice."""
        attempts = Attempts(self.transport, self.transport.limits.busy_attempts)
        while True:
            try:
                reply = self._exchange(
                    "POST", f"{self._path}/sessions", authorization=self._basic, body=b"{}"
                )
            except LiveSourceError as error:
                if error.number not in FULL_HOST | {CANNOT_OPEN} or not attempts.again():
                    raise
                continue
            token = text_of(reply.response.get("token")) or reply.token
            if not token or not token.isprintable():
                raise BrokenAnswerError
            self._token = token
            self._on_session(token)
            return

    def layouts(self) -> list[Layout]:
        """Return all layouts, those in folders too, in the server's order."""
        reply = self._call("GET", f"{self._path}/layouts")
        return list(flat_layouts(listing(reply.response, "layouts"), (), 0))

    def layout(self, name: str) -> LayoutInfo:
        """Return the fields, portals and value lists of a layout."""
        response = self._call("GET", f"{self._path}/layouts/{segment(name)}").response
        portals = {
            portal: tuple(field_info(mapping(entry)) for entry in listing(entries))
            for portal, entries in mapping(response.get("portalMetaData") or {}).items()
        }
        return LayoutInfo(
            fields=tuple(field_info(mapping(e)) for e in listing(response, "fieldMetaData")),
            portals=portals,
            value_lists=tuple(
                value_list(mapping(entry)) for entry in listing(response.get("valueLists") or [])
            ),
        )

    def records(
        self,
        layout: str,
        *,
        offset: int = 1,
        limit: int = 100,
        portals: Mapping[str, tuple[int, int]] | None = None,
    ) -> RecordPage:
        """Return records from place `offset` (from 1) on; past the end an empty page.

        `portals` are those wanted, each with the first row (from 1) and the number of rows.
        """
        query = {"_limit": str(limit)}
        if offset > 1:  # the first page without: some servers answer 101 to an empty table else
            query["_offset"] = str(offset)
        query |= _portal_query(portals or {})
        return self._records(f"{self._path}/layouts/{segment(layout)}/records", query)

    def record(
        self, layout: str, record_id: int, *, portals: Mapping[str, tuple[int, int]] | None = None
    ) -> DataRecord:
        """Return one record as it is now; raises RecordsMissingError where it was deleted."""
        path = f"{self._path}/layouts/{segment(layout)}/records/{record_id}"
        page = self._records(path, _portal_query(portals or {}))
        if not page.rows or page.rows[0].id != record_id:
            raise RecordsMissingError
        return page.rows[0]

    def download(self, url: str, into: IO[bytes]) -> Answer:
        """Fetch a container's bytes from the URL in a record just read; 200 or what was said.

        The session's token goes along as AuthenticatedStream = 1 asks; a server that does not
        know it there gets another attempt without. Broken connections are tried again.
        """
        attempts = Attempts(self.transport, self.transport.limits.attempts)
        headers = {"Authorization": f"Bearer {self._token}"}
        start = into.tell()
        while True:
            into.seek(start)
            into.truncate()
            try:
                answer = self.transport.download(url, into, headers=headers)
            except ServerSilentError:
                if not attempts.again():
                    raise
                continue
            if answer.status in _RETRIED_STATUS and attempts.again():
                continue
            if answer.status == 400 and headers:  # noqa: PLR2004 - bad request, by its header
                headers = {}
                continue
            return answer

    # --- one call ------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        return f"/databases/{segment(self.database)}"

    def _records(self, path: str, query: Mapping[str, str]) -> RecordPage:
        iso_dates, declines_portals = _MANNERS[self._manners]
        asked = dict(query)
        if iso_dates:
            asked["dateformats"] = "2"
        if declines_portals:
            asked.setdefault("portal", "[]")
        try:
            reply = self._call("GET", path, asked)
        except LiveSourceError as error:
            if error.number in NO_RECORDS:
                return RecordPage(())
            if error.number not in _UNKNOWN_PARAMETER or self._manners + 1 == len(_MANNERS):
                raise
            self._manners += 1
            return self._records(path, query)
        info = mapping(reply.response.get("dataInfo") or {})
        rows = tuple(record_of(mapping(entry)) for entry in listing(reply.response, "data"))
        return RecordPage(
            rows,
            found=number_of(info["foundCount"]) if "foundCount" in info else None,
            total=number_of(info["totalRecordCount"]) if "totalRecordCount" in info else None,
            table=text_of(info.get("table")),
            size=reply.size,
        )

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        signed_in: bool = True,
        authorization: str = "",
    ) -> "_Reply":
        """Make an idempotent call: waits where the server is full, signs in again once."""
        attempts = Attempts(self.transport, self.transport.limits.busy_attempts)
        has_signed_in_again = False
        while True:
            if signed_in and not self._token:
                self.log_in()
            if signed_in:
                authorization = f"Bearer {self._token}"
            try:
                return self._exchange(method, path, query, authorization=authorization)
            except LiveSourceError as error:
                if error.number == SESSION_ENDED and signed_in and not has_signed_in_again:
                    has_signed_in_again, self._token = True, ""
                    continue
                if error.number not in FULL_HOST | {CANNOT_OPEN} or not attempts.again():
                    raise

    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        authorization: str = "",
        body: bytes | None = None,
    ) -> "_Reply":
        """Send and read one answer; broken connections and 5xx are tried again for a GET.

        Raises the named error of any code but 0.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if authorization:
            headers["Authorization"] = authorization
        target = BASE + path
        if query:
            target += "?" + "&".join(
                f"{name}={quote(text, safe='')}" for name, text in query.items()
            )
        is_repeatable = method == "GET"
        attempts = Attempts(self.transport, self.transport.limits.attempts)
        while True:
            try:
                answer = self.transport.request(method, target, headers=headers, body=body)
                reply = _reply(answer)
            except (ServerSilentError, BrokenAnswerError, ServerBrokenError):
                if not is_repeatable or not attempts.again():
                    raise
                continue
            if reply.number == 0:
                return reply
            raise error_of(reply.number, reply.text)

    def end_session(self, token: str) -> None:
        """Log a session out, ours or one a crash left; tried twice, never raises.

        Failing that, the server's own limit of 15 idle minutes has to do.
        """
        for _ in range(2):
            with contextlib.suppress(LiveSourceError):
                answer = self.transport.request(
                    "DELETE",
                    f"{BASE}{self._path}/sessions/{segment(token)}",
                    headers={"Content-Type": "application/json"},
                )
                if answer.status not in _RETRIED_STATUS or _has_number(answer):
                    return
            self.transport.close()


@dataclass(frozen=True, slots=True)
class _Reply:
    response: Mapping[str, Json]
    number: int
    text: str
    size: int
    token: str


def _reply(answer: Answer) -> _Reply:
    """Read the envelope. Raises ServerBrokenError for a bare 5xx, else BrokenAnswerError."""
    try:
        envelope = mapping(parse_json(answer.body))
        message = mapping(listing(envelope, "messages")[0])
        number = number_of(message.get("code"))
        response = mapping(envelope.get("response") or {})
    except (BrokenAnswerError, IndexError):
        if answer.status in _RETRIED_STATUS:
            raise ServerBrokenError(status=answer.status) from None
        raise BrokenAnswerError(status=answer.status) from None
    text = text_of(message.get("message"))
    token = answer.headers.get("x-fm-data-access-token", "")
    return _Reply(response, number, text, len(answer.body), token)


def _has_number(answer: Answer) -> bool:
    try:
        _reply(answer)
    except LiveSourceError:
        return False
    return True


def basic_authorization(account: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode("ascii")


def segment(name: str) -> str:
    """Return a name as one segment of a path; `.` and `..` would walk elsewhere."""
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")


def _portal_query(portals: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    if not portals:
        return {}
    query = {"portal": json.dumps(list(portals), ensure_ascii=False)}
    for name, (offset, limit) in portals.items():
        query[f"_offset.{quote(name, safe='')}"] = str(offset)
        query[f"_limit.{quote(name, safe='')}"] = str(limit)
    return query
