"""People, patients and appointments for the tests of the clinical apps.

Models are imported inside: this file is read before the settings are.
"""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def person():
    """Make somebody of a role in the running scope: `person("reception")`."""
    from accounts.models import User

    def make(role: str, *, name: str = ""):
        name = name or role.capitalize()
        return User.objects.create(
            email=f"{name}.{role}@example.com".lower().replace(" ", "."), name=name, role=role
        )

    return make


@pytest.fixture
def patient():
    """Make a patient in the running scope: `patient("Ada North", phone=…, medicare=…)`."""
    from clinical.patients.contacts import normalise_contact
    from clinical.patients.identifiers import is_valid_identifier, normalise_identifier
    from clinical.patients.models import ContactPoint, Patient, PatientIdentifier

    def make(name: str = "Ada North", *, phone: str = "", medicare: str = "", **fields):
        given, _, family = name.rpartition(" ")
        created = Patient.objects.create(given_names=given, family_name=family, **fields)
        if phone:
            ContactPoint.objects.create(
                patient=created,
                kind="mobile",
                value=phone,
                normalised=normalise_contact("mobile", phone),
            )
        if medicare:
            PatientIdentifier.objects.create(
                patient=created,
                kind="medicare",
                value=medicare,
                normalised=normalise_identifier(medicare),
                is_valid=is_valid_identifier("medicare", medicare),
            )
        return created

    return make


@pytest.fixture
def appointment():
    """Make an appointment in the running scope: `appointment(starts_at, minutes=30, …)`."""
    from clinical.appointments.models import Appointment

    def make(starts_at, *, minutes: int = 30, **fields):
        return Appointment.objects.create(
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), **fields
        )

    return make
