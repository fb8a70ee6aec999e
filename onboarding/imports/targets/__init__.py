"""What a FileMaker table can become, and what each of its fields can become.

The words are how clinics name such things in English, German and French; `suggest.py` weighs them.
A word list stands folded (lower case, no accents), names parted by `|`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onboarding.imports.targets.appointment import APPOINTMENT_TARGETS
from onboarding.imports.targets.base import (
    APPOINTMENT,
    APPOINTMENT_TYPE,
    CHOICES,
    FUNDING_TYPE,
    LOCATION,
    PATIENT,
    PRACTITIONER,
    Entity,
    Target,
)
from onboarding.imports.targets.configuration import (
    FUNDING_TARGETS,
    LOCATION_TARGETS,
    PRACTITIONER_TARGETS,
    TYPE_TARGETS,
)
from onboarding.imports.targets.patient import PATIENT_TARGETS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "APPOINTMENT",
    "APPOINTMENT_TYPE",
    "CHOICES",
    "ENTITIES",
    "FUNDING_TYPE",
    "LOCATION",
    "NOT_PEOPLE",
    "PATIENT",
    "PRACTITIONER",
    "Entity",
    "Target",
]

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(LOCATION, "Location", "Locations", 1,
                  "clinic|clinics|location|locations|site|sites|branch|branches|practice|practices|"
                  "standort|standorte|filiale|filialen|praxis|praxen|cabinet|cabinets|lieux|rooms",
                  "clinic location site branch", LOCATION_TARGETS),
        Entity(PRACTITIONER, "Clinician", "Clinicians", 2,
                  "clinician|clinicians|practitioner|practitioners|therapist|therapists|provider|"
                  "providers|doctor|doctors|staff|physios|employees|employee|behandler|therapeuten|"
                  "arzte|mitarbeiter|praticiens|therapeutes|medecins|podiatrists|consultants",
                  "clinician practitioner therapist provider doctor staff", PRACTITIONER_TARGETS),
        Entity(APPOINTMENT_TYPE, "Appointment type", "Appointment types", 3,
                  "appointment types|appointment type|appt types|visit types|service types|services|"
                  "treatment types|session types|terminarten|leistungen|types rdv|prestations|types",
                  "appointment service visit type appt", TYPE_TARGETS),
        Entity(FUNDING_TYPE, "Funding type", "Funding types", 4,
                  "funding types|funding type|funding|funding sources|payers|funders|schemes|"
                  "kostentrager|kassen|financements|fund types|payer types", "funding fund payer",
                  FUNDING_TARGETS),
        Entity(PATIENT, "Patient", "Patients", 5,
                  "patient|patients|client|clients|participant|participants|contact|contacts|people|"
                  "person|persons|customers|customer|patienten|kunden|klienten|personen|kontakte|"
                  "personnes|usagers|consumers|residents|members|demographics|patient details",
                  "patient client participant contact person pat pt cl consumer", PATIENT_TARGETS),
        Entity(APPOINTMENT, "Appointment", "Appointments", 6,
                  "appointment|appointments|appt|appts|booking|bookings|visits|visit|schedule|diary|"
                  "sessions|calendar|events|attendances|consultations|termine|termin|buchungen|"
                  "kalender|rendez vous|rdv|rendezvous|agenda|consults|encounters",
                  "appointment appt apt booking visit termin rdv", APPOINTMENT_TARGETS),
    )
}  # fmt: skip

NOT_PEOPLE = (
    "company|companies|product|products|order|orders|invoice|invoices|lines|line items|settings|"
    "setup|globals|resources|resource|log|logs|payments|payment|suppliers|supplier|inventory|items|"
    "documents|document|images|notes|letters|templates|tasks|users|accounts|preferences|interface|"
    "transactions|stock|referrers|referrals|doctors|gps|rechnungen|produkte|factures"
)
"""Tables that hold a name and an address and are not patients."""
