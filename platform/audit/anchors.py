"""Heads of seal chains written down outside the database, so that a cut tail is found.

An anchor file has one JSON object a line and only grows. Each line is signed with a key derived
from SECRET_KEY: whoever rewrites the database and the file needs that too.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit import services
from audit.models import Seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.trails import Trail

_SALT = "nexus.audit.anchor"


class AnchorError(ValueError):
    """A line of an anchor file is damaged, unsigned or signed with another key."""


@dataclass(frozen=True)
class Anchor:
    """At `anchored_at` the clinic's chain had `n` seals, the last with hash `h` (hex)."""

    tenant_id: int
    n: int
    h: str
    sealed_at: str
    anchored_at: str

    def line(self) -> str:
        fields = asdict(self)
        return json.dumps({**fields, "signature": _sign(fields, settings.SECRET_KEY)})


def drop_anchor(trail: Trail, path: Path) -> Anchor:
    """Seal what is queued, then append the chain's head to the file."""
    services.seal(trail)
    with trail.open():
        head = Seal.objects.order_by("-n").first()
    anchor = Anchor(
        tenant_id=trail.tenant_id,
        n=head.n if head else 0,
        h=bytes(head.h).hex() if head else "",
        sealed_at=head.sealed_at.isoformat() if head else "",
        anchored_at=timezone.now().isoformat(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(anchor.line() + "\n")
    return anchor


def standard_path(trail: Trail) -> Path:
    """Where the scheduled task writes: named by the clinic's immutable id."""
    folder: Path = settings.VAR / "anchors"
    return folder / f"{trail.scope.schema}.jsonl"


def read_anchors(path: Path) -> Iterator[Anchor | AnchorError]:
    """Read a file line by line; a line not to be trusted is answered as an error, not raised."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield _parse(line)
            except (AnchorError, ValueError, TypeError, KeyError, AttributeError) as error:
                yield AnchorError(f"line {number} of {path.name} cannot be trusted: {error}")


def _parse(line: str) -> Anchor:
    fields = json.loads(line)
    signature = fields.pop("signature")
    keys = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    if not any(hmac.compare_digest(signature, _sign(fields, key)) for key in keys):
        raise AnchorError("its signature does not fit")
    return Anchor(**fields)


def _sign(fields: dict[str, object], key: str) -> str:
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return salted_hmac(_SALT, text, secret=key, algorithm="sha256").hexdigest()
