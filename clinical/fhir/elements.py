"""The small parts that FHIR R4 resources are made of, and the shape every resource gets in the end."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

Resource = dict[str, Any]

MEDICARE = "http://ns.electronichealth.net.au/id/medicare-number"
DVA = "http://ns.electronichealth.net.au/id/dva"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
PROVIDER = "http://ns.electronichealth.net.au/id/medicare-provider-number"
OWN = "urn:x-nexus"
"""For what nobody has given an official name, such as the number of an NDIS participant."""
NDIS = f"{OWN}:ndis-participant-number"
TERMS = "http://terminology.hl7.org/CodeSystem"

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LARGEST_INTEGER = 2**31 - 1
_EARLIEST_YEAR = 1000


def resource(kind: str, pk: UUID | str, **elements: Any) -> Resource:
    """Answer a resource without its empty elements: FHIR knows no empty text, list or object."""
    return {"resourceType": kind, "id": str(pk), **_filled(elements)}


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        filled = {name: _filled(part) for name, part in value.items()}
        return {name: part for name, part in filled.items() if part is not None} or None
    if isinstance(value, list | tuple):
        return [part for part in map(_filled, value) if part is not None] or None
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value).strip() or None
    return value


def reference(kind: str, pk: UUID | str | None, display: str = "") -> Resource | None:
    """Refer to a resource of the same archive; by its name alone where there is no row."""
    if pk is None and not display.strip():
        return None
    return {"reference": f"{kind}/{pk}" if pk is not None else None, "display": display}


def words(text: str) -> Resource | None:
    """A concept in the clinic's own words."""
    return {"text": text} if text.strip() else None


def coded(system: str, code: str, display: str = "", *, text: str = "") -> Resource:
    code = " ".join(code.split())
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text}


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def day(on: date | None) -> str | None:
    """A year of fewer than four digits is no date in FHIR; the table has it as it stands."""
    return on.isoformat() if on and on.year >= _EARLIEST_YEAR else None


def period(start: date | None, end: date | None) -> Resource | None:
    """A span from day to day; one that ends before it begins is none."""
    if start and end and end < start:
        return None
    return {"start": day(start), "end": day(end)}


def span(start: datetime | None, end: datetime | None) -> Resource | None:
    return {"start": moment(start), "end": moment(end)}


def note(*texts: str) -> list[Resource]:
    return [{"text": text} for text in texts if text.strip()]


def phone(value: str, use: str = "", system: str = "phone") -> Resource | None:
    return {"system": system, "value": value, "use": use} if value.strip() else None


def mail(value: str) -> Resource | None:
    return phone(value, system="email")


def quantity(value: Decimal | int | None, unit: str = "") -> Resource | None:
    if value is None:
        return None
    number = int(value) if value == int(value) else float(value)
    return {"value": number, "unit": unit}


def whole(value: int | None) -> int | None:
    """An integer as FHIR can hold it."""
    return value if value is not None and 0 <= value <= _LARGEST_INTEGER else None


def text_attachment(text: str, *, title: str = "", created: datetime | None = None) -> Resource:
    """A text of ours as an attachment, with its bytes in it."""
    content = text.encode()
    return {
        "contentType": "text/plain; charset=utf-8",
        "data": base64.b64encode(content).decode() or None,
        "size": whole(len(content)),
        "title": title,
        "creation": moment(created),
    }


def stored_attachment(
    key: str, *, media_type: str, size: int | None, title: str, created: str | None
) -> Resource:
    """A stored file, by where it lies in the archive."""
    return {
        "contentType": media_type,
        "url": f"files/{quote(key)}" if key else None,
        "size": whole(size),
        "title": title,
        "creation": created,
    }
