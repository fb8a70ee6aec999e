"""A browser that can be told, and a push service of our own over real HTTPS."""

from __future__ import annotations

import json
import os
import ssl
import threading
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Browser:
    """The receiving end of RFC 8291, written from its side."""

    def __init__(self):
        from clinical.notices.encryption import CURVE, encoded, public_point

        self.key, self.auth = ec.generate_private_key(CURVE), os.urandom(16)
        self.keys = {
            "public_key": encoded(public_point(self.key)),
            "auth_secret": encoded(self.auth),
        }

    def open(self, body: bytes) -> bytes:
        from clinical.notices.encryption import CURVE, content_keys, public_point

        salt, size, point = body[:16], int.from_bytes(body[16:20], "big"), body[21:86]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
        key, nonce = content_keys(
            self.key.exchange(ec.ECDH(), sender),
            auth=self.auth,
            salt=salt,
            info=b"WebPush: info\0" + public_point(self.key) + point,
        )
        padded = AESGCM(key).decrypt(nonce, body[86:], None)
        assert len(body) <= size
        return padded.rstrip(b"\0").removesuffix(b"\x02")


@pytest.fixture
def browser_keys():
    return Browser()


@pytest.fixture
def push_service():
    """Serve on loopback: `.endpoint`, `.network`, what came as `.seen`; answers `.status`."""
    import trustme

    from clinical.notices.delivery import Network

    service = SimpleNamespace(seen=[], status=201)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.seen.append((self.path, dict(self.headers), body))
            self.send_response(service.status)
            self.send_header("Location", "https://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("push.example").configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def trusting() -> ssl.SSLContext:
        ours = ssl.create_default_context()
        authority.configure_trust(ours)
        return ours

    service.endpoint = f"https://push.example:{server.server_port}/send/abc?x=1"
    service.network = Network(
        resolve=lambda _host, _port: ["127.0.0.1"],
        permits=lambda _address: True,
        context=trusting,
        port_is_free=True,
    )
    yield service
    server.shutdown()
    server.server_close()


def claims_of(header: str) -> dict:
    """Read what a VAPID header says."""
    claims = header.partition("t=")[2].partition(",")[0].split(".")[1]
    return json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
