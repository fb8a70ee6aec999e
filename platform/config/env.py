"""The environment, read once at start; what is wrong is named with what it should look like."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import quote, unquote, urlsplit

KEY_BYTES = 32


class EnvironmentVariableError(RuntimeError):
    """A variable is missing or malformed; the message names it."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None or (value == "" and default is None):
        raise EnvironmentVariableError(
            f"{name} is not set. `make demo` and `nexus serve` set it for the embedded servers; "
            "docs/operations.md lists every variable with an example."
        )
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise EnvironmentVariableError(f"{name}={value!r} is neither yes nor no: write 1 or 0.")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise EnvironmentVariableError(f"{name}={value!r} is not a whole number.") from None


def path(name: str, default: str) -> str:
    """Read a path of the web's own hosts, with a slash at both ends; "" is none."""
    value = os.environ.get(name, default)
    if value and not re.fullmatch(r"/(?:[A-Za-z0-9_-]+/)+", value):
        raise EnvironmentVariableError(f"{name}={value!r} must look like /events/, or be empty.")
    return value


_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


def key_ring(name: str) -> dict[str, bytes]:
    """Read `id:base64,id2:base64`, 32 bytes each, the current key first; nothing is an empty ring."""
    ring: dict[str, bytes] = {}
    for number, entry in enumerate(filter(None, os.environ.get(name, "").split(",")), start=1):
        key_id, _, encoded = entry.strip().partition(":")
        standard = encoded.strip().rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except ValueError:
            key = b""
        if not _KEY_ID.fullmatch(key_id) or key_id in ring or len(key) != KEY_BYTES:
            raise EnvironmentVariableError(
                f"{name}: entry {number} must look like ID:BASE64, with an id of its own and 32 "
                "random bytes in base64. Make one with: "
                "python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
            )
        ring[key_id] = key
    return ring


def networks(name: str) -> dict[str, tuple[str, ...]]:
    """Read `10.20.0.0/16, northside=192.168.5.0/24`: by subdomain, "" for those open to all."""
    found: dict[str, list[str]] = {}
    for entry in filter(None, (part.strip() for part in os.environ.get(name, "").split(","))):
        subdomain, _, network = entry.rpartition("=")
        try:
            found.setdefault(subdomain.strip(), []).append(str(ip_network(network.strip())))
        except ValueError:
            raise EnvironmentVariableError(
                f"{name}: {entry!r} must look like 10.20.0.0/16, or northside=10.20.0.0/16 for the "
                "clinic with that subdomain only."
            ) from None
    return {subdomain: tuple(entries) for subdomain, entries in found.items()}


def plain_networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks with commas between them."""
    try:
        return tuple(ip_network(word) for word in words(name))
    except ValueError:
        raise EnvironmentVariableError(
            f"{name}={os.environ.get(name)!r} must be networks such as 203.0.113.0/24, 2001:db8::/48."
        ) from None


def addresses(name: str, *, secure: bool) -> dict[str, str]:
    """Read a JSON object of names and URLs, such as {"xero.api": "http://127.0.0.1:5001"}."""
    wanted = "https://" if secure else ("https://", "http://")
    try:
        found = json.loads(os.environ.get(name, "") or "{}")
        read = {str(key): str(value) for key, value in found.items()}
    except (ValueError, AttributeError):
        read = {"": ""}
    if not all(url.startswith(wanted) for url in read.values()):
        raise EnvironmentVariableError(
            f'{name} must look like {{"xero.api": "https://api.example.com"}}, or be empty.'
        )
    return read


def pair(name: str) -> tuple[str, str]:
    """Read `id:secret`; two empty texts where nothing is set."""
    value = os.environ.get(name, "").strip()
    first, colon, second = value.partition(":")
    if value and not (first and colon and second):
        raise EnvironmentVariableError(f"{name} must look like CLIENT-ID:CLIENT-SECRET.")
    return first, second


def words(name: str) -> tuple[str, ...]:
    """Read words with commas between them; nothing is none."""
    return tuple(filter(None, (part.strip() for part in os.environ.get(name, "").split(","))))


def retention(name: str, default: str) -> tuple[int, int, int]:
    """Read how many daily, weekly and monthly ones are kept: `14d,8w,12m`."""
    value = os.environ.get(name, "") or default
    match = re.fullmatch(r"([1-9]\d{0,2})d,(\d{1,3})w,(\d{1,3})m", value.replace(" ", ""))
    if match is None:
        raise EnvironmentVariableError(
            f"{name}={value!r} must look like 14d,8w,12m, with at least one day."
        )
    daily, weekly, monthly = map(int, match.groups())
    return daily, weekly, monthly


@dataclass(frozen=True)
class DatabaseUrl:
    """`postgresql://user:password@host:port/name?option=value`."""

    user: str
    password: str
    host: str
    port: int
    name: str

    @classmethod
    def parse(cls, variable: str, url: str) -> DatabaseUrl:
        parts = urlsplit(url)
        if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
            raise EnvironmentVariableError(
                f"{variable} must look like postgresql://user:password@host:5432/nexus"
            )
        return cls(
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname or "",
            port=parts.port or 5432,
            name=unquote(parts.path.lstrip("/")),
        )

    @staticmethod
    def for_role(url: str, role: str, password: str) -> str:
        """Answer the same database's URL for another role; empty without a URL or a password."""
        parts = urlsplit(url)
        if not url or not password:
            return ""
        netloc = f"{role}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
        return parts._replace(netloc=netloc).geturl()

    def django(self, **options: Any) -> dict[str, Any]:
        """The entry of Django's DATABASES."""
        return {
            "ENGINE": "tenants.backend",
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "NAME": self.name,
            "CONN_MAX_AGE": number("DATABASE_CONN_MAX_AGE", 60),
            "DISABLE_SERVER_SIDE_CURSORS": True,
            "OPTIONS": {"connect_timeout": 5, **options},
        }


def clusters(name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Read {"east": {"app": url, "owner": url}}; the owner's is for workers and commands only."""
    aliases = {"app": "default", "owner": "owner", "backup": "backup"}
    try:
        found = json.loads(os.environ.get(name, "") or "{}")
        return {
            str(cluster): {
                aliases[role]: DatabaseUrl.parse(name, url).django() for role, url in urls.items()
            }
            for cluster, urls in found.items()
        }
    except (ValueError, AttributeError, KeyError):
        raise EnvironmentVariableError(
            f'{name} must look like {{"east": {{"app": "postgresql://nexus_app:password@host/nexus", '
            '"owner": "postgresql://nexus_owner:password@host/nexus"}}}, or be empty.'
        ) from None
