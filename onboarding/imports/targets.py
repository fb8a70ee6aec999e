"""What a FileMaker table can become, and what each of its fields can become.

The words are how clinics name such things in English, German and French; `suggest.py` weighs them.
A word list stands folded (lower case, no accents), names parted by `|`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENT, APPOINTMENT = "patient", "appointment"
LOCATION, PRACTITIONER = "location", "practitioner"
APPOINTMENT_TYPE, FUNDING_TYPE = "appointment_type", "funding_type"


@dataclass(frozen=True, slots=True)
class Target:
    """One place a field's text can go.

    `kind` says how it is read; `many`: several fields may go there; `shape`: what its values look
    like (`shapes.py`); `alone`: values of that shape are enough to suggest it without a name.
    """

    name: str
    label: str
    kind: str
    words: str
    many: bool = False
    shape: str = ""
    alone: bool = False
    refers_to: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record of ours. `order` is when it is loaded: what others refer to goes first."""

    name: str
    label: str
    plural: str
    order: int
    words: str
    noise: str
    targets: tuple[Target, ...]

    @property
    def by_name(self) -> Mapping[str, Target]:
        return _by_name(self.targets)


@cache
def _by_name(targets: tuple[Target, ...]) -> Mapping[str, Target]:
    return {target.name: target for target in targets}


CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "text": (("", "as it stands"), ("first_line", "first line only")),
    "person": (("", "Given Surname, or Surname, Given"), ("family_first", "Surname Given")),
    "date": (("", "as the file writes dates"), ("DMY", "day month year"),
             ("MDY", "month day year"), ("YMD", "year month day")),
    "phone": (("", "every number found"), ("as_typed", "one number, as typed")),
    "reference": (("", "by number, then by name"), ("name", "by name only")),
}  # fmt: skip
CHOICES = {
    **CHOICES,
    "birth": CHOICES["date"],
    "timestamp": CHOICES["date"],
    "day": CHOICES["date"],
}


def _place(kind: str, label: str, qualifiers: str) -> tuple[Target, ...]:
    """Make the targets of one address; `home` is also what is meant where nothing is said."""
    parts = (
        ("lines", "street", "lines", "address|street|street address|address line 1|address 1|address1|"
         "address line 2|address 2|address2|street 1|street 2|strasse|strasse nr|anschrift|adresse|"
         "hausnummer|rue|address street|addr|street line 1|line 1|line 2", True, "street"),
        ("suburb", "suburb", "text", "suburb|city|town|ort|stadt|wohnort|ville|commune|locality|"
         "address city|address suburb|suburb town|city suburb", False, ""),
        ("state", "state", "text", "state|address state|bundesland|kanton|canton|region|province|"
         "territory|etat", False, "state"),
        ("postcode", "postcode", "text", "postcode|post code|postal code|zip|zip code|plz|"
         "postleitzahl|code postal|cp|address zip|address postcode|p code|pcode", False, "postcode"),
        ("country", "country", "text", "country|land|pays|address country|nation", False, ""),
    )  # fmt: skip
    made = []
    for part, part_label, how, words, many, shape in parts:
        plain = words.split("|")
        own = [f"{q} {word}" for q in qualifiers.split("|") if q for word in plain]
        own = [word for word in own if set(word.split()) not in [set(p.split()) for p in plain]]
        named = [*plain, *own] if kind == "home" else own
        made.append(
            Target(f"{kind}_{part}", f"{label}: {part_label}", how, "|".join(named), many=many,
                   shape=shape, group="Address")
        )  # fmt: skip
    return tuple(made)


_PATIENT = (
    Target("title", "Title", "text", "title|salutation|prefix|anrede|titel|titre|civilite|honorific",
           shape="title", group="Name"),
    Target("given_names", "Given name", "text",
           "first name|given name|given names|given|first|forename|christian name|fname|firstname|"
           "vorname|vornamen|prenom|prenoms|rufname", shape="word", group="Name"),
    Target("middle_names", "Middle names (joined to the given name)", "text",
           "middle name|middle names|middle|second name|zweiter vorname|deuxieme prenom",
           group="Name"),
    Target("family_name", "Family name", "text",
           "last name|surname|family name|last|lname|lastname|family|nachname|familienname|zuname|"
           "nom de famille|nom famille", shape="word", group="Name"),
    Target("full_name", "Whole name (split)", "person",
           "name|full name|patient name|client name|complete name|display name|name full|"
           "vollstandiger name|nom|nom complet|nom prenom|participant", shape="word", group="Name"),
    Target("preferred_name", "Preferred name", "text",
           "preferred name|known as|nickname|preferred|nick name|goes by|spitzname|surnom|alias",
           group="Name"),
    Target("former_names", "Former names", "text",
           "maiden name|former name|former names|previous name|birth name|geburtsname|"
           "nom de jeune fille|nom naissance|other names|aka", many=True, group="Name"),
    Target("date_of_birth", "Date of birth", "birth",
           "dob|date of birth|birth date|birthdate|birthday|d o b|born|date birth|geburtsdatum|geb|"
           "geburtstag|geb datum|date de naissance|date naissance|naissance|ddn", shape="birth",
           group="Person"),
    Target("sex", "Sex", "sex", "sex|gender|geschlecht|sexe|genre|gender code|sex code",
           shape="sex", group="Person"),
    Target("gender", "Gender (in own words)", "text", "gender identity", group="Person"),
    Target("pronouns", "Pronouns", "text", "pronouns|pronoun|pronomen|pronoms", group="Person"),
    Target("mobile", "Mobile", "phone",
           "mobile|mobile phone|cell|cell phone|mob|mobile number|mobile no|cellphone|handy|"
           "handynummer|mobil|mobiltelefon|portable|natel|gsm|telephone portable|phone mobile|"
           "mobile 1|sms number|phone cell", many=True, shape="phone", group="Contact"),
    Target("home_phone", "Home phone", "phone",
           "home phone|phone home|telephone home|home telephone|phone h|home number|private phone|"
           "personal phone|phone personal|telefon privat|tel privat|privattelefon|festnetz|"
           "telephone domicile|tel domicile|home tel|ah phone|phone ah", many=True, shape="phone",
           group="Contact"),
    Target("work_phone", "Work phone", "phone",
           "work phone|phone work|business phone|office phone|phone office|work telephone|"
           "telefon geschaft|tel geschaft|diensttelefon|telefon arbeit|telephone travail|"
           "tel travail|tel bureau|work tel|bh phone|phone bh|phone business|company phone",
           many=True, shape="phone", group="Contact"),
    Target("phone", "Phone (kind by its number)", "phone",
           "phone|telephone|phone number|telephone number|tel|phone no|ph|telefon|telefonnummer|"
           "tel nr|telephone no|numero telephone|contact number|contact phone|phone 1|phone 2|"
           "phones|contact no", many=True, shape="phone", group="Contact"),
    Target("email", "E-mail", "email",
           "email|e mail|email address|mail|mail address|personal email|home email|work email|"
           "office email|email 1|email 2|e mail adresse|emailadresse|mailadresse|courriel|"
           "adresse email|adresse mail|mel|contact email", many=True, shape="email", alone=True,
           group="Contact"),
    *_place("home", "Address", "home|residential|private|personal|wohn|domicile|street|res|privat"),
    *_place("postal", "Postal address", "postal|mailing|mail|billing|post|rechnung|facturation"),
    *_place("other", "Other address", "work|office|business|company|employer|geschaft|travail|other"),
    Target("medicare", "Medicare number", "identifier",
           "medicare|medicare number|medicare no|medicare card|medicare card number|medicare num|"
           "mcare|medicare card no", shape="medicare", alone=True, group="Numbers"),
    Target("ndis", "NDIS number", "identifier",
           "ndis|ndis number|ndis no|ndis participant number|ndis id|ndis num|participant number",
           shape="ndis", alone=True, group="Numbers"),
    Target("dva", "DVA file number", "identifier",
           "dva|dva number|dva no|dva file number|veterans|dva card|dva file no", shape="dva",
           group="Numbers"),
    Target("ihi", "Healthcare identifier (IHI)", "identifier",
           "ihi|healthcare identifier|individual healthcare identifier|ihi number", shape="ihi",
           alone=True, group="Numbers"),
    Target("other_number", "Other number (kept by its name)", "identifier",
           "number|no|patient number|patient no|client number|client no|file number|file no|"
           "chart number|chart no|record number|mrn|ur number|urn|ur|patient id|client id|"
           "patientennummer|kundennummer|patienten nr|patnr|numero dossier|numero patient|id|"
           "contact id|customer number|customer id|account number|account no|primary key",
           many=True, group="Numbers"),
    Target("location", "Home location (clinic)", "reference",
           "clinic|location|home clinic|site|branch|clinic id|location id|clinic name|practice|"
           "usual clinic|site id|standort|filiale|praxis|cabinet|lieu|clinic code|clinic location",
           refers_to=LOCATION, group="Practice"),
    Target("funding_type", "Funding type", "reference",
           "funding|funding type|funding source|payer|fund type|billing type|fee type|scheme|"
           "funding body|payer type|kostentrager|versicherung|kasse|krankenkasse|financement|"
           "prise en charge|assurance|payment type|funding category",
           refers_to=FUNDING_TYPE, group="Practice"),
    Target("coordinator_name", "Support coordinator", "text",
           "coordinator|support coordinator|coordinator name|case manager|case coordinator|"
           "coordonnateur|koordinator", group="NDIS plan"),
    Target("plan_start", "Plan start", "date",
           "plan start|plan start date|ndis plan start|plan from|ndis start date|plan begin",
           shape="date", group="NDIS plan"),
    Target("plan_end", "Plan end", "date",
           "plan end|plan end date|ndis plan end|plan to|plan review date|plan expiry|ndis end date",
           shape="date", group="NDIS plan"),
    Target("alerts", "Alerts", "lines",
           "alert|alerts|warning|warnings|allergies|allergy|precautions|medical alert|hinweis|"
           "warnung|allergien|alerte|alertes|risk|risks|red flags|contraindications", many=True,
           group="Clinical"),
    Target("notes", "Notes", "lines",
           "notes|note|comments|comment|remarks|bemerkung|bemerkungen|notiz|notizen|kommentar|"
           "remarques|commentaire|commentaires|general notes|memo", many=True, group="Clinical"),
    Target("is_archived", "Archived (status word or flag)", "archived",
           "archived|inactive|status|patient status|client status|is archived|archiviert|inaktiv|"
           "archive|statut|is inactive", shape="archived", group="Practice"),
    Target("is_active", "Active (the opposite of archived)", "active",
           "active|is active|current|aktiv|actif", shape="flag", group="Practice"),
    Target("xero_contact_id", "Xero contact id", "text", "xero contact id|xero id|xero contact",
           group="Numbers"),
)  # fmt: skip

_APPOINTMENT = (
    Target("patient", "Patient", "reference",
           "patient|client|patient id|client id|patient name|client name|patient no|patient number|"
           "client no|id patient|contact id|patienten nr|patientennummer|patnr|kunde|participant|"
           "participant id|customer id|contact|numero patient", refers_to=PATIENT, group="Who"),
    Target("practitioner", "Clinician", "reference",
           "clinician|practitioner|therapist|provider|doctor|physio|clinician id|practitioner id|"
           "therapist id|provider id|doctor id|staff|staff id|staff member|clinician name|with|"
           "practitioner name|therapist name|provider name|doctor name|user id|employee|resource|"
           "behandler|therapeut|arzt|mitarbeiter|praticien|therapeute|medecin|podiatrist|consultant",
           refers_to=PRACTITIONER, group="Who"),
    Target("location", "Location (clinic)", "reference",
           "clinic|location|site|branch|clinic id|location id|site id|clinic name|location name|"
           "practice|standort|filiale|praxis|cabinet|lieu|where|ort|clinic code",
           refers_to=LOCATION, group="Where"),
    Target("appointment_type", "Type", "reference",
           "type|appointment type|service|visit type|type id|service id|appt type|treatment|"
           "treatment type|consultation type|session type|terminart|leistung|behandlungsart|"
           "type rdv|motif|prestation|appointment type id|service name|reason code|type name",
           refers_to=APPOINTMENT_TYPE, group="What"),
    Target("starts_at", "Start (date and time)", "timestamp",
           "start|starts at|start timestamp|start datetime|start date time|starts|begin|beginn|"
           "debut|appointment start|timestamp start|date time|datetime|start at|ts start|from",
           shape="timestamp", group="When"),
    Target("ends_at", "End (date and time)", "timestamp",
           "end|ends at|end timestamp|end datetime|end date time|ends|ende|fin|appointment end|"
           "timestamp end|finish|end at|ts end|until", shape="timestamp", group="When"),
    Target("date", "Date", "day",
           "date|start|appointment date|visit date|start date|session date|service date|datum|termin datum|"
           "termindatum|date rdv|jour|day|date of service|dos|booking date|date start|tag",
           shape="date", group="When"),
    Target("start_time", "Start time", "time",
           "time|start|begin|start time|time start|appointment time|begin time|uhrzeit|zeit|startzeit|von|"
           "heure|heure debut|time from|from time|beginn zeit|time in", shape="time", group="When"),
    Target("end_time", "End time", "time",
           "end|end time|time end|finish time|endzeit|bis|heure fin|time to|to time|finish|time out",
           shape="time", group="When"),
    Target("duration", "Length in minutes", "minutes",
           "duration|length|minutes|mins|duration minutes|dauer|lange|minuten|duree|length minutes|"
           "duration mins|time length", group="When"),
    Target("status", "Status", "status",
           "status|appointment status|state|attendance|outcome|attended|termin status|zustand|statut|"
           "etat|presence|visit status|booking status|result", shape="status", group="What"),
    Target("cancel_reason", "Reason for cancelling", "text",
           "cancel reason|cancellation reason|reason cancelled|cancelled reason|absagegrund|"
           "reason for cancellation|motif annulation", group="What"),
    Target("notes", "Notes", "lines",
           "notes|note|comments|comment|reason|remarks|description|bemerkung|bemerkungen|notiz|"
           "notizen|remarques|commentaire|details|memo|appointment notes|subject|summary", many=True,
           group="What"),
)  # fmt: skip

_NAME = "name|title|label|description|bezeichnung|nom|display name|full name|titel|libelle"
_ACTIVE = Target("is_active", "Active", "active", "active|is active|current|aktiv|actif|status|"
                 "enabled|in use", shape="flag")  # fmt: skip
_COLOUR = Target("colour", "Colour", "colour", "colour|color|farbe|couleur|calendar colour|"
                 "calendar color|colour hex|diary colour|hex")  # fmt: skip

_LOCATION = (
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

_PRACTITIONER = (
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

_TYPE = (
    Target("name", "Name", "text", f"{_NAME}|type|type name|service|service name|appointment type|"
           "visit type|treatment|terminart|leistung|prestation"),
    Target("duration_minutes", "Length in minutes", "minutes", "duration|minutes|length|mins|"
           "default duration|dauer|duree|time|duration minutes|default length"),
    _COLOUR,
    _ACTIVE,
)  # fmt: skip

_FUNDING = (
    Target("name", "Name", "text", f"{_NAME}|funding|funding type|payer|fund|scheme|funding source|"
           "funder|kostentrager|versicherung|type"),
    _ACTIVE,
)  # fmt: skip

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(LOCATION, "Location", "Locations", 1,
                  "clinic|clinics|location|locations|site|sites|branch|branches|practice|practices|"
                  "standort|standorte|filiale|filialen|praxis|praxen|cabinet|cabinets|lieux|rooms",
                  "clinic location site branch", _LOCATION),
        Entity(PRACTITIONER, "Clinician", "Clinicians", 2,
                  "clinician|clinicians|practitioner|practitioners|therapist|therapists|provider|"
                  "providers|doctor|doctors|staff|physios|employees|employee|behandler|therapeuten|"
                  "arzte|mitarbeiter|praticiens|therapeutes|medecins|podiatrists|consultants",
                  "clinician practitioner therapist provider doctor staff", _PRACTITIONER),
        Entity(APPOINTMENT_TYPE, "Appointment type", "Appointment types", 3,
                  "appointment types|appointment type|appt types|visit types|service types|services|"
                  "treatment types|session types|terminarten|leistungen|types rdv|prestations|types",
                  "appointment service visit type appt", _TYPE),
        Entity(FUNDING_TYPE, "Funding type", "Funding types", 4,
                  "funding types|funding type|funding|funding sources|payers|funders|schemes|"
                  "kostentrager|kassen|financements|fund types|payer types", "funding fund payer",
                  _FUNDING),
        Entity(PATIENT, "Patient", "Patients", 5,
                  "patient|patients|client|clients|participant|participants|contact|contacts|people|"
                  "person|persons|customers|customer|patienten|kunden|klienten|personen|kontakte|"
                  "personnes|usagers|consumers|residents|members|demographics|patient details",
                  "patient client participant contact person pat pt cl consumer", _PATIENT),
        Entity(APPOINTMENT, "Appointment", "Appointments", 6,
                  "appointment|appointments|appt|appts|booking|bookings|visits|visit|schedule|diary|"
                  "sessions|calendar|events|attendances|consultations|termine|termin|buchungen|"
                  "kalender|rendez vous|rdv|rendezvous|agenda|consults|encounters",
                  "appointment appt apt booking visit termin rdv", _APPOINTMENT),
    )
}  # fmt: skip

NOT_PEOPLE = (
    "company|companies|product|products|order|orders|invoice|invoices|lines|line items|settings|"
    "setup|globals|resources|resource|log|logs|payments|payment|suppliers|supplier|inventory|items|"
    "documents|document|images|notes|letters|templates|tasks|users|accounts|preferences|interface|"
    "transactions|stock|referrers|referrals|doctors|gps|rechnungen|produkte|factures"
)
"""Tables that hold a name and an address and are not patients."""
