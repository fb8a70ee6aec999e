"""A little proxy of ours on loopback: it passes requests on, remembers them, and fails when it is told to."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Asked:
    """One request as it came. Names of headers are in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Answered:
    """What goes back."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, content: Any, status: int = 200, **headers: str) -> Answered:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(content).encode()
        return cls(status, {"content-type": "application/json"} | named, body)

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong. `passes_on`: what stands behind has taken it all the same."""

    answer: Answered = field(default_factory=lambda: Answered(500))
    passes_on: bool = False
    cuts: bool = False
    """The line breaks in the middle of the true answer."""
    drips: float = 0.0
    """Seconds between the bytes of the true answer."""


class Proxy:
    """The running proxy. `before` may answer itself, `after` may change what came from behind."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.seen: list[tuple[Asked, Answered]] = []
        self.violations: list[str] = []
        """What a validating proxy behind has found wrong with a request."""
        self.before: Callable[[Asked], Answered | None] = lambda _asked: None
        self.after: Callable[[Asked, Answered], Answered] = lambda _asked, answered: answered
        self.url = ""
        self._faults: list[tuple[Callable[[Asked], bool], Fault]] = []
        self._lock = threading.Lock()

    def fail(self, *faults: Fault, when: Callable[[Asked], bool] = lambda _asked: True) -> None:
        """Let the next requests of a kind go wrong, one after the other."""
        with self._lock:
            self._faults += [(when, fault) for fault in faults]

    def forget(self) -> None:
        with self._lock:
            self.seen.clear()
            self.violations.clear()
            self._faults.clear()

    def asked(self, method: str, ending: str) -> list[Asked]:
        """Answer the requests of a method whose path has this ending."""
        return [
            asked
            for asked, _ in self.seen
            if asked.method == method and asked.path.endswith(ending)
        ]

    def take(self, asked: Asked) -> tuple[Answered, Fault | None]:
        fault = self._next_fault(asked)
        if fault and not fault.passes_on and not fault.cuts and not fault.drips:
            answered = fault.answer
        else:
            answered = self.before(asked) or self._pass_on(asked)
            answered = self.after(asked, answered)
        if found := answered.headers.get("sl-violations"):
            asked_wrongly = [one for one in json.loads(found) if one["location"][0] == "request"]
            self.violations += [f"{asked.method} {asked.path}: {one}" for one in asked_wrongly]
        if fault and fault.passes_on:
            answered = fault.answer
        self.seen.append((asked, answered))
        return answered, fault

    def _next_fault(self, asked: Asked) -> Fault | None:
        with self._lock:
            for place, (wanted, fault) in enumerate(self._faults):
                if wanted(asked):
                    del self._faults[place]
                    return fault
        return None

    def _pass_on(self, asked: Asked) -> Answered:
        onward = http.client.HTTPConnection(
            self.upstream.hostname or "", self.upstream.port, timeout=60
        )
        try:
            target = self.upstream.path + asked.path
            if asked.query:
                target += "?" + asked.headers["x-raw-query"]
            headers = {k: v for k, v in asked.headers.items() if k not in HOP | {"x-raw-query"}}
            onward.request(asked.method, target, asked.body or None, headers)
            answer = onward.getresponse()
            kept = {k.lower(): v for k, v in answer.getheaders() if k.lower() not in HOP}
            return Answered(answer.status, kept, answer.read())
        finally:
            onward.close()


@contextmanager
def proxy(upstream: str, *, port: int = 0) -> Iterator[Proxy]:
    """Run one for the block, in this process; `port` may be fixed."""
    made = Proxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words: object) -> None:
            pass

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): text for name, text in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length") or 0))
            query = parse_qs(parts.query, keep_blank_values=True)
            asked = Asked(
                self.command, parts.path, query, headers | {"x-raw-query": parts.query}, body
            )
            answered, fault = made.take(asked)
            self._write(answered, fault)

        do_HEAD = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

        def _write(self, answered: Answered, fault: Fault | None) -> None:
            self.send_response(answered.status)
            for name, text in answered.headers.items():
                self.send_header(name, text)
            self.send_header("content-length", str(len(answered.body)))
            self.end_headers()
            try:
                if fault and fault.cuts:
                    self.wfile.write(answered.body[: len(answered.body) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                elif fault and fault.drips:
                    for byte in answered.body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(fault.drips)
                elif self.command != "HEAD":
                    self.wfile.write(answered.body)
            except OSError:
                self.close_connection = True  # whoever asked has gone

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
