"""A FileMaker Server on the loopback, for tests: HTTPS, Data API, OData, containers, faults.

with FileMakerDouble(database) as double:
    double.fail(812, times=2, path="/records")
    ...
assert double.sessions == {}
"""

import json
import re
import secrets
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .dataapi import HTTP_STATUS as STATUS_OF
from .dataapi import DataApi, error_body
from .odata import OData


@dataclass
class Fault:
    """What happens instead of an answer (or to it), to matching requests, so many times."""

    action: str
    path: str
    times: int
    value: object = None
    method: str = ""
    after: int = 0

    def fits(self, method, target):
        if not re.search(self.path, target) or (self.method and method != self.method):
            return False
        if self.after:
            self.after -= 1
            return False
        return self.times > 0


class FileMakerDouble:
    """The server and its knobs; set them before or while it runs."""

    def __init__(self, *databases, certificate=None, host="localhost"):
        self.databases = {database.name: database for database in databases}
        self.account, self.password = "import", "pässword: 1"
        self.product_info = {
            "name": "FileMaker Data API Engine",
            "buildDate": "07/05/2019",
            "version": "18.0.2.217",
            "dateFormat": "MM/dd/yyyy",
            "timeFormat": "HH:mm:ss",
            "timeStampFormat": "MM/dd/yyyy HH:mm:ss",
        }
        self.sessions, self.opened, self.most_sessions = {}, 0, 100
        self.wrong_passwords = 0
        self.knows_dateformats = self.knows_portal_list = self.has_data_info = True
        self.layouts_have_table = False
        self.hidden_layouts = set()
        self.empty_answer, self.past_end_status = (401, 500), 500
        self.most_rows = 100_000
        self.authenticated_stream, self.refuses_bearer = True, False
        self.odata_page, self.odata_repetitions = 10_000, False
        self.filters_containers = self.keys_by_row_id = True
        self.next_link_host = ""
        self.on_page = None
        self.faults, self.requests = [], []
        self._files, self._cookies = {}, set()
        self._data, self._odata = DataApi(self), OData(self)
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.double = self
        self._http.tls = certificate
        self.host, self.port = host, self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.close_all()
        self._http.server_close()
        self._thread.join()

    @property
    def origin(self):
        return f"https://{self.host}:{self.port}"

    # --- faults --------------------------------------------------------------------------------

    def fail(self, number, *, times=1, path="", status=None, method="", after=0):
        """Answer with one of FileMaker's error numbers."""
        status = status or STATUS_OF.get(number, 500)
        self.faults.append(Fault("error", path, times, (number, status), method, after))

    def spoil(self, action, value=None, *, times=1, path="", method="", after=0):
        """`cut`, `truncate`, `slow` (seconds), `status`, `body`, `redirect`, `drip`."""
        self.faults.append(Fault(action, path, times, value, method, after))

    def expire_sessions(self):
        self.sessions.clear()

    def expire_urls(self):
        self._files.clear()

    def calls(self, pattern):
        return [entry for entry in self.requests if re.search(pattern, f"{entry[0]} {entry[1]}")]

    # --- answering -----------------------------------------------------------------------------

    def take_fault(self, method, target):
        for fault in self.faults:
            if fault.fits(method, target):
                fault.times -= 1
                return fault
        return None

    def respond(self, method, target, headers, body):
        """Return (status, bytes, headers)."""
        parts = urlsplit(target)
        if parts.path.startswith("/Streaming_SSL/"):
            return self._stream(target, headers)
        if parts.path.startswith("/fmi/odata/v4"):
            status, content, more = self._odata.answer(method, parts.path, parts.query, headers)
        elif parts.path.startswith("/fmi/data/v"):
            status, content, more = self._data.answer(
                method, parts.path, parts.query, headers, body
            )
        else:
            return 404, b"<html>Not found</html>", {"Content-Type": "text/html"}
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
            more = {"Content-Type": "application/json; charset=utf-8", **more}
        return status, content, more

    def streaming_url(self, file, place):
        key = secrets.token_hex(32).upper()
        extension = file[1].rpartition(".")[2] or "bin"
        self._files[key] = (file, place)
        return (
            f"{self.origin}/Streaming_SSL/MainDB/{key}.{extension}?RCType=EmbeddedRCFileProcessor"
        )

    def _stream(self, target, headers):
        key = re.search(r"MainDB/([0-9A-F]+)\.", target)
        known = self._files.get(key[1]) if key else None
        if known is None:
            return 401, b"", {}
        cookie = re.search(r"X-FMS-Session-Key=([0-9A-F]+)", headers.get("Cookie") or "")
        if cookie and cookie[1] in self._cookies:
            return 200, known[0][0], {"Content-Type": "application/octet-stream"}
        bearer = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.refuses_bearer and bearer:
            return 400, b"", {}
        if self.authenticated_stream and bearer not in self.sessions:
            return 401, b"", {}
        session = secrets.token_hex(16).upper()
        self._cookies.add(session)
        line = f"X-FMS-Session-Key={session}; HttpOnly; Secure; Path=/"
        return 302, b"", {"Set-Cookie": line, "Location": target}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._open = set()

    def get_request(self):
        raw, address = super().get_request()
        raw = self.tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self._open.add(raw)
        return raw, address

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self):
        for connection in list(self._open):
            self.shutdown_request(connection)

    def handle_error(self, request, client_address):
        """Clients that go away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def _serve(self):
        double = self.server.double
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        double.requests.append((self.command, self.path, dict(self.headers)))
        fault = double.take_fault(self.command, self.path)
        action = fault.action if fault else ""
        if action == "cut":
            self.close_connection = True
            return
        if action == "slow":
            time.sleep(fault.value)
        if action == "error":
            number, status = fault.value
            if number == 952:
                bearer = self.headers.get("Authorization") or ""
                double.sessions.pop(bearer.removeprefix("Bearer "), None)
            body = error_body(number)
            if self.path.startswith("/fmi/odata"):
                said = body["messages"][0]["message"]
                body = {"error": {"code": str(number), "message": said}}
            answer = status, json.dumps(body).encode(), {}
        elif action == "status":
            answer = fault.value, b"<html><h1>Error</h1></html>", {"Content-Type": "text/html"}
        elif action == "body":
            answer = 200, fault.value, {"Content-Type": "application/json"}
        elif action == "raw":
            answer = *fault.value, {"Content-Type": "application/json"}
        elif action == "redirect":
            answer = 302, b"", {"Location": fault.value}
        else:
            answer = double.respond(self.command, self.path, self.headers, body)
        self._send(*answer, action)

    def _send(self, status, content, more, action):
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if action == "truncate":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif action == "drip":
            for byte in content[:40]:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.01)
            self.close_connection = True
        else:
            self.wfile.write(content)

    do_GET = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815 - http.server's names


def server_context(certificate):
    """A TLS context from a trustme certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
