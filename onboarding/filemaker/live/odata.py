"""FileMaker's OData v4: no session, Basic authorization on each request.

Shapes and rules: help.claris.com, OData guide. `(ROWID=2)` as the key of a record works whatever
the table's own key is (proofkit issue 213, tried there on a real server).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote, urljoin, urlsplit

from onboarding.filemaker.live.answers import Json, listing, mapping, number_of, parse_json, text_of
from onboarding.filemaker.live.dataapi import basic_authorization, segment
from onboarding.filemaker.live.errors import (
    CANNOT_OPEN,
    FULL_HOST,
    BadCredentialsError,
    BrokenAnswerError,
    FileMakerServerError,
    LiveSourceError,
    NoRightError,
    RedirectRefusedError,
    RequestRefusedError,
    SchemaChangedError,
    ServerBrokenError,
    ServerSilentError,
    error_of,
    shortened,
)
from onboarding.filemaker.live.odata_metadata import Metadata, parse_metadata
from onboarding.filemaker.live.transport import Answer, Attempts, Transport

BASE = "/fmi/odata/v4"
LONGEST_URL = 1_900
"""Claris advises at most 2000 characters; a wide table is asked for in parts."""
_RETRIED_STATUS = frozenset({500, 502, 503, 504})
_OK = 200
_MOST_LINKS = 1_000
_SIMPLE_NAME = re.compile(r"(?!id$)[A-Za-z][A-Za-z0-9]*", re.IGNORECASE)
_BY_STATUS: Mapping[int, type[LiveSourceError]] = {
    400: RequestRefusedError,
    401: BadCredentialsError,
    403: NoRightError,
    404: SchemaChangedError,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as sent; `found` is the server's count where asked for, `size` the bytes sent."""

    rows: tuple[Mapping[str, Json], ...]
    found: int | None
    size: int


class ODataClient:
    """Calls on one database. Nothing is left behind on the server; `close` ends the connection."""

    def __init__(self, transport: Transport, database: str, *, account: str, password: str) -> None:
        self.transport = transport
        self.database = database
        self._authorization = basic_authorization(account, password)

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
        self.transport.close()

    def databases(self) -> list[str]:
        """Return the databases this account is shown."""
        body = parse_json(self._get(BASE, "application/json").body)
        return [text_of(mapping(entry).get("name")) for entry in listing(body, "value")]

    def metadata(self) -> Metadata:
        """Return tables and fields of the database."""
        return parse_metadata(self._get(f"{self._path}/$metadata", "application/xml").body)

    def rows(
        self,
        table: str,
        *,
        select: Sequence[str],
        skip: int = 0,
        top: int | None = None,
        where: str = "",
        count: bool = False,
    ) -> Rows:
        """Return rows of a table, following `@odata.nextLink` on this server until the end."""
        options = [f"$select={quote(','.join(map(quoted, select)), safe=',')}"]
        if where:
            options.append(f"$filter={quote(where, safe='')}")
        if top is not None:
            options.append(f"$top={top}")
        if skip:
            options.append(f"$skip={skip}")
        if count:
            options.append("$count=true")
        target = f"{self._path}/{segment(table)}?{'&'.join(options)}"
        rows: list[Mapping[str, Json]] = []
        found: int | None = None
        size = 0
        for _ in range(_MOST_LINKS):
            answer = self._get(target, "application/json")
            body = mapping(parse_json(answer.body))
            size += len(answer.body)
            fresh = listing(body, "value")
            rows.extend(mapping(row) for row in fresh)
            if found is None and "@odata.count" in body:
                found = number_of(body["@odata.count"])
            link = text_of(body.get("@odata.nextLink"))
            if not link or not fresh or (top is not None and len(rows) >= top):
                break
            target = self._followed(target, link)
        return Rows(tuple(rows), found, size)

    def url_length(self, table: str, select: Sequence[str]) -> int:
        """Return how long the URL of a request for these fields is, at its longest."""
        fields = quote(",".join(map(quoted, select)), safe=",")
        host = len(f"https://{self.transport.server.netloc}")
        return host + len(f"{self._path}/{segment(table)}?$select={fields}") + 60

    def value_url(self, table: str, key: str, field: str) -> str:
        """Return where a field's bytes are; `key` is `ROWID=2` or a literal of the table's key."""
        path = f"{self._path}/{segment(table)}({key})/{segment(field)}/$value"
        return f"https://{self.transport.server.netloc}{path}"

    def download(self, url: str, into: IO[bytes]) -> Answer:
        """Fetch a field's bytes; answers whatever status came, broken connections tried again."""
        attempts = Attempts(self.transport, self.transport.limits.attempts)
        start = into.tell()
        while True:
            into.seek(start)
            into.truncate()
            headers = {"Authorization": self._authorization}
            try:
                answer = self.transport.download(url, into, headers=headers)
            except ServerSilentError:
                if not attempts.again():
                    raise
                continue
            if answer.status in _RETRIED_STATUS and attempts.again():
                continue
            return answer

    # --- one call ------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        return f"{BASE}/{segment(self.database)}"

    def _followed(self, target: str, link: str) -> str:
        base = f"https://{self.transport.server.netloc}{target}"
        url = urljoin(base, link)
        if not self.transport.server.is_origin_of(url):
            raise RedirectRefusedError(
                "The server sends us for more records to another place, which is not followed."
            )
        parts = urlsplit(url)
        return quote(f"{parts.path}?{parts.query}", safe="/?&=%$(),'@:;+*!~-._")

    def _get(self, target: str, accept: str) -> Answer:
        """Answer a 200; anything else is a named error. Waits where the server is full."""
        headers = {"Authorization": self._authorization, "Accept": accept, "OData-Version": "4.0"}
        broken = Attempts(self.transport, self.transport.limits.attempts)
        full = Attempts(self.transport, self.transport.limits.busy_attempts)
        while True:
            try:
                answer = self.transport.request("GET", target, headers=headers)
                if answer.status == _OK:
                    return answer
                raise _error_in(answer)
            except (ServerSilentError, ServerBrokenError):
                if not broken.again():
                    raise
            except LiveSourceError as error:
                if error.number not in FULL_HOST | {CANNOT_OPEN} or not full.again():
                    raise


def quoted(name: str) -> str:
    """Quote a field's name where it has more than letters and digits, as Claris asks."""
    if _SIMPLE_NAME.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _error_in(answer: Answer) -> LiveSourceError:
    """Name an error: by FileMaker's number where there is one, else by the HTTP status."""
    try:
        inside = mapping(parse_json(answer.body), "error")
        code, words = text_of(inside.get("code")), text_of(inside.get("message"))
    except BrokenAnswerError:
        code = words = ""
    if code.isascii() and code.isdecimal() and len(code) <= 5:  # noqa: PLR2004 - FileMaker's have up to 4
        return error_of(int(code), words)
    if not words and answer.status in _RETRIED_STATUS:
        return ServerBrokenError(status=answer.status)
    kind = _BY_STATUS.get(answer.status, FileMakerServerError)
    if not words:
        kind = _BY_STATUS.get(answer.status, BrokenAnswerError)
    said = f' FileMaker says: {code}, "{shortened(words)}".' if words else ""
    return kind(f"{kind.message}{said}", status=answer.status)
