"""A read record as the rows it becomes, or the reason why it becomes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onboarding.imports.loading.building.appointments import build_appointment
from onboarding.imports.loading.building.base import BLANK, Built, FileCell, Refused, Workshop
from onboarding.imports.loading.building.configuration import (
    build_appointment_type,
    build_funding_type,
    build_location,
    build_practitioner,
)
from onboarding.imports.loading.building.correspondence import (
    build_letter,
    build_message,
    build_note,
    build_reminder,
)
from onboarding.imports.loading.building.files import (
    build_document,
    build_image,
    build_image_batch,
)
from onboarding.imports.loading.building.invoices import build_invoice
from onboarding.imports.loading.building.patients import build_patient
from onboarding.imports.loading.building.people import (
    build_contact_point,
    build_patient_contact,
    build_referrer,
)
from onboarding.imports.targets import (
    APPOINTMENT,
    APPOINTMENT_TYPE,
    CONTACT_POINT,
    DOCUMENT,
    FUNDING_TYPE,
    IMAGE,
    IMAGE_BATCH,
    INVOICE,
    LETTER,
    LOCATION,
    MESSAGE,
    NOTE,
    PATIENT,
    PATIENT_CONTACT,
    PRACTITIONER,
    REFERRER,
    REMINDER,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.imports.loading.reading import ReadRecord

__all__ = ["BLANK", "BUILDERS", "Built", "FileCell", "Refused", "Workshop"]

BUILDERS: dict[str, Callable[[ReadRecord, Workshop], Built | Refused]] = {
    LOCATION: build_location,
    PRACTITIONER: build_practitioner,
    APPOINTMENT_TYPE: build_appointment_type,
    FUNDING_TYPE: build_funding_type,
    REFERRER: build_referrer,
    PATIENT: build_patient,
    PATIENT_CONTACT: build_patient_contact,
    CONTACT_POINT: build_contact_point,
    APPOINTMENT: build_appointment,
    NOTE: build_note,
    LETTER: build_letter,
    REMINDER: build_reminder,
    MESSAGE: build_message,
    DOCUMENT: build_document,
    IMAGE_BATCH: build_image_batch,
    IMAGE: build_image,
    INVOICE: build_invoice,
}
"""Lines of invoices are no rows of their own: `invoice_lines.py` adds them to their invoices."""
