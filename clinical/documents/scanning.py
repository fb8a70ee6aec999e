"""Files of patients are shown to a virus scanner: a clamd named by `CLAMD_URL`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from clamav_client.clamd import BufferTooLongError, ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from tenants.storage import Stream

PORT = 3310
MAX_BYTES = 100 * 1024 * 1024
"""clamd's own StreamMaxLength unless configured otherwise; `?max=` in the URL says so here."""
PATIENCE = 120.0


class ScannerUnavailableError(Exception):
    """The scanner gave no verdict; trying again later can help."""


@dataclass(frozen=True)
class Verdict:
    """`found` names what was found, '' where the file is clean."""

    found: str = ""


@dataclass(frozen=True)
class Scanner:
    client: ClamdNetworkSocket
    max_bytes: int

    def takes(self, size: int) -> bool:
        return size <= self.max_bytes

    def scan(self, stream: Stream) -> Verdict:
        """Send the bytes to clamd, never naming the file; raises ScannerUnavailableError."""
        try:
            answer = self.client.instream(stream)  # type: ignore[arg-type]
        except BufferTooLongError as error:
            raise ScannerUnavailableError(
                "The virus scanner takes smaller files only: raise its StreamMaxLength, or lower "
                "max= in CLAMD_URL."
            ) from error
        except (ClamdError, OSError) as error:
            raise ScannerUnavailableError("The virus scanner does not answer.") from error
        status, found = answer.get("stream", ("ERROR", None))
        if status == "OK":
            return Verdict()
        if status == "FOUND":
            return Verdict(found or "malware")
        raise ScannerUnavailableError("The virus scanner could not look through the file.")


def scanner() -> Scanner | None:
    """Answer the scanner of this installation; None where there is none."""
    if not settings.CLAMD_URL:
        return None
    parts = urlsplit(settings.CLAMD_URL)
    most = int(parse_qs(parts.query).get("max", [MAX_BYTES])[-1])
    if parts.scheme == "tcp" and parts.hostname:
        client = ClamdNetworkSocket(parts.hostname, parts.port or PORT, timeout=PATIENCE)
    elif parts.scheme == "unix" and parts.path.startswith("/"):
        client = ClamdUnixSocket(unquote(parts.path), timeout=int(PATIENCE))
    else:
        raise ImproperlyConfigured(
            "CLAMD_URL must look like tcp://127.0.0.1:3310 or unix:///run/clamav/clamd.ctl"
        )
    return Scanner(client, most)
