"""Clinics, clinicians, appointment types, payers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.practice.models import DEFAULT_COLOUR
from onboarding.imports.loading.building.base import Built, Refused
from onboarding.imports.values.text import folded, one_line

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Columns, Workshop
    from onboarding.imports.loading.reading import ReadRecord


def build_location(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    name = record.text("name") or record.text("short_name")
    if not name:
        return Refused("quarantined", "No name.")
    main = {
        "name": name,
        "short_name": record.text("short_name"),
        "phone": record.text("phone"),
        "address": _address_text(record),
    }
    return Built(main | _shown(record), name=name)


def _address_text(record: ReadRecord) -> str:
    """Street lines as they are; what follows (suburb, state, postcode) on one line."""
    parts = [value.value for value in record.values.get("address", ())]
    if not parts:
        return ""
    return "\n".join(filter(None, [parts[0], " ".join(one_line(part) for part in parts[1:])]))


def build_practitioner(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    parts = " ".join(filter(None, [record.text("given_names"), record.text("family_name")]))
    name = parts or record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    title = record.text("title")
    titled = f"{title} {name}" if folded(title) in {"dr", "prof", "professor"} else name
    main = {"name": titled, "discipline": record.text("discipline")}
    return Built(main | _shown(record), name=titled)


def build_appointment_type(record: ReadRecord, shop: Workshop) -> Built | Refused:
    name = record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    minutes = record.first("duration_minutes") or shop.options.default_minutes
    return Built({"name": name, "duration_minutes": minutes, **_shown(record)}, name=name)


def build_funding_type(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    name = record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    return Built({"name": name, "is_active": record.first("is_active") is not False}, name=name)


def _shown(record: ReadRecord) -> Columns:
    return {
        "colour": record.text("colour") or DEFAULT_COLOUR,
        "is_active": record.first("is_active") is not False,
    }
