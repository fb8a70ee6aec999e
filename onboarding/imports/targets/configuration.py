"""Where the fields of clinics, clinicians, appointment types and payers go."""

from __future__ import annotations

from onboarding.imports.targets.base import Target

_NAME = "name|title|label|description|bezeichnung|nom|display name|full name|titel|libelle"
_ACTIVE = Target("is_active", "Active", "active", "active|is active|current|aktiv|actif|status|"
                 "enabled|in use", shape="flag")  # fmt: skip
_COLOUR = Target("colour", "Colour", "colour", "colour|color|farbe|couleur|calendar colour|"
                 "calendar color|colour hex|diary colour|hex")  # fmt: skip

LOCATION_TARGETS = (
    Target("name", "Name", "text", f"{_NAME}|clinic name|location name|site name|branch name|clinic|"
           "location|practice name|standort|praxis|site"),
    Target("short_name", "Short name", "text", "short name|code|abbreviation|short code|initials|"
           "clinic code|kurzel|kuerzel|abk|short"),
    _COLOUR,
    Target("phone", "Phone", "text", "phone|telephone|phone number|tel|telefon|contact number",
           shape="phone"),
    Target("address", "Address", "lines", "address|street|street address|address 1|address 2|suburb|"
           "city|town|state|postcode|zip|postal code|address line 1|address line 2|strasse|plz|ort|"
           "adresse|ville|code postal|rue|post code", many=True),
    _ACTIVE,
)  # fmt: skip

PRACTITIONER_TARGETS = (
    Target("title", "Title", "text", "title|prefix|salutation|anrede|titre", shape="title"),
    Target("given_names", "Given name", "text", "first name|given name|first|given|vorname|prenom|"
           "firstname|forename"),
    Target("family_name", "Family name", "text", "last name|surname|family name|last|nachname|"
           "lastname|nom de famille|familienname"),
    Target("name", "Whole name", "text", "name|full name|display name|clinician name|nom|"
           "practitioner name|provider name|staff name|therapist name|label|clinician|practitioner"),
    Target("discipline", "Discipline", "text", "discipline|profession|speciality|specialty|role|"
           "position|job title|fach|fachrichtung|beruf|specialite|metier|type|service type"),
    _COLOUR,
    _ACTIVE,
)  # fmt: skip

TYPE_TARGETS = (
    Target("name", "Name", "text", f"{_NAME}|type|type name|service|service name|appointment type|"
           "visit type|treatment|terminart|leistung|prestation"),
    Target("duration_minutes", "Length in minutes", "minutes", "duration|minutes|length|mins|"
           "default duration|dauer|duree|time|duration minutes|default length"),
    _COLOUR,
    _ACTIVE,
)  # fmt: skip

FUNDING_TARGETS = (
    Target("name", "Name", "text", f"{_NAME}|funding|funding type|payer|fund|scheme|funding source|"
           "funder|kostentrager|versicherung|type"),
    _ACTIVE,
)  # fmt: skip
