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
    CONTACT_POINT,
    DOCUMENT,
    FUNDING_TYPE,
    IMAGE,
    IMAGE_BATCH,
    INVOICE,
    INVOICE_LINE,
    LETTER,
    LOCATION,
    MESSAGE,
    NOTE,
    PATIENT,
    PATIENT_CONTACT,
    PRACTITIONER,
    REFERRER,
    REMINDER,
    Entity,
    Target,
)
from onboarding.imports.targets.configuration import (
    FUNDING_TARGETS,
    LOCATION_TARGETS,
    PRACTITIONER_TARGETS,
    TYPE_TARGETS,
)
from onboarding.imports.targets.correspondence import (
    LETTER_TARGETS,
    MESSAGE_TARGETS,
    NOTE_TARGETS,
    REMINDER_TARGETS,
)
from onboarding.imports.targets.files import DOCUMENT_TARGETS, IMAGE_BATCH_TARGETS, IMAGE_TARGETS
from onboarding.imports.targets.invoices import INVOICE_LINE_TARGETS, INVOICE_TARGETS
from onboarding.imports.targets.patient import PATIENT_TARGETS
from onboarding.imports.targets.people import (
    CONTACT_POINT_TARGETS,
    PATIENT_CONTACT_TARGETS,
    REFERRER_TARGETS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "APPOINTMENT",
    "APPOINTMENT_TYPE",
    "CHOICES",
    "CONTACT_POINT",
    "DOCUMENT",
    "ENTITIES",
    "FUNDING_TYPE",
    "IMAGE",
    "IMAGE_BATCH",
    "INVOICE",
    "INVOICE_LINE",
    "LETTER",
    "LOCATION",
    "MESSAGE",
    "NOTE",
    "NOT_PEOPLE",
    "PATIENT",
    "PATIENT_CONTACT",
    "PRACTITIONER",
    "REFERRER",
    "REMINDER",
    "Entity",
    "Target",
]

_THE_NAME = (("full_name|name|given_names|family_name|preferred_name|organisation", "the name"),)
_PATIENT = ("patient", "the patient")
_PATIENT_OR_VISIT = ("patient|appointment", "the patient")

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(LOCATION, "Location", "Locations", 1,
               "clinic|clinics|location|locations|site|sites|branch|branches|practice|practices|"
               "standort|standorte|filiale|filialen|praxis|praxen|cabinet|cabinets|lieux|rooms",
               "clinic location site branch", LOCATION_TARGETS, _THE_NAME),
        Entity(PRACTITIONER, "Clinician", "Clinicians", 2,
               "clinician|clinicians|practitioner|practitioners|therapist|therapists|provider|"
               "providers|doctor|doctors|staff|physios|employees|employee|behandler|therapeuten|"
               "arzte|mitarbeiter|praticiens|therapeutes|medecins|podiatrists|consultants",
               "clinician practitioner therapist provider doctor staff", PRACTITIONER_TARGETS,
               _THE_NAME),
        Entity(APPOINTMENT_TYPE, "Appointment type", "Appointment types", 3,
               "appointment types|appointment type|appt types|visit types|service types|services|"
               "treatment types|session types|terminarten|leistungen|types rdv|prestations|types",
               "appointment service visit type appt", TYPE_TARGETS, _THE_NAME),
        Entity(FUNDING_TYPE, "Funding type", "Funding types", 4,
               "funding types|funding type|funding|funding sources|payers|funders|schemes|"
               "kostentrager|kassen|financements|fund types|payer types", "funding fund payer",
               FUNDING_TARGETS, _THE_NAME),
        Entity(REFERRER, "Contact", "Contacts and referrers", 5,
               "referrer|referrers|referring doctor|referring doctors|referring practitioners|gp|gps|"
               "general practitioners|doctor|doctors|external doctors|specialists|contacts|contact|"
               "address book|addressbook|external contacts|plan managers|support coordinators|"
               "zuweiser|uberweiser|arzte|hausarzte|adressbuch|kontakte|adressen|medecins|"
               "medecins traitants|prescripteurs|adresseurs|carnet adresses|correspondants|"
               "third parties|agencies|insurers|professional contacts",
               "referrer contact doctor gp", REFERRER_TARGETS, _THE_NAME),
        Entity(PATIENT, "Patient", "Patients", 6,
               "patient|patients|client|clients|participant|participants|contact|contacts|people|"
               "person|persons|customers|customer|patienten|kunden|klienten|personen|kontakte|"
               "personnes|usagers|consumers|residents|members|demographics|patient details",
               "patient client participant contact person pat pt cl consumer", PATIENT_TARGETS,
               _THE_NAME),
        Entity(PATIENT_CONTACT, "Person around a patient", "People around patients", 7,
               "patient contacts|client contacts|participant contacts|emergency contacts|next of kin|"
               "next kin|related people|relationships|carers|guardians|family members|"
               "patient relationships|patient referrers|patient gps|related contacts|angehorige|"
               "kontaktpersonen|notfallkontakte|bezugspersonen|proches|personnes contact|"
               "contacts urgence|care team|support network",
               "patient client contact participant", PATIENT_CONTACT_TARGETS,
               (_PATIENT, ("name|family_name|given_names|contact|phone|email", "the name"))),
        Entity(CONTACT_POINT, "Phone or e-mail of a patient", "Phones and e-mails of patients", 8,
               "phones|phone|phone numbers|telephones|contact numbers|contact details|numbers|emails|"
               "patient phones|client phones|telefonnummern|telefone|rufnummern|numeros|"
               "numeros telephone|telephone numbers|communications", "patient client contact",
               CONTACT_POINT_TARGETS,
               (_PATIENT, ("phone", "the number"))),
        Entity(APPOINTMENT, "Appointment", "Appointments", 9,
               "appointment|appointments|appt|appts|booking|bookings|visits|visit|schedule|diary|"
               "sessions|calendar|events|attendances|consultations|termine|termin|buchungen|"
               "kalender|rendez vous|rdv|rendezvous|agenda|consults|encounters",
               "appointment appt apt booking visit termin rdv", APPOINTMENT_TARGETS,
               (("date|starts_at", "the appointment's date"),
                ("patient", "the appointment's patient"))),
        Entity(NOTE, "Note", "Notes", 10,
               "note|notes|progress notes|clinical notes|case notes|patient notes|client notes|"
               "session notes|treatment notes|consultation notes|soap|soap notes|file notes|"
               "journal|journal entries|consult notes|medical records|notizen|verlauf|verlaufsnotizen|"
               "behandlungsnotizen|krankengeschichte|eintrage|dossier|notes cliniques|observations|"
               "suivi|comptes rendus|treatments|assessments|contact notes|phone notes|notes archive",
               "note patient client progress clinical", NOTE_TARGETS,
               (_PATIENT_OR_VISIT, ("body|title", "the text")), many=True),
        Entity(LETTER, "Letter", "Letters", 11,
               "letter|letters|correspondence|outgoing letters|patient letters|reports|report|"
               "gp letters|briefe|brief|arztbriefe|korrespondenz|schreiben|lettres|courriers|courrier|"
               "correspondances|referral letters|letters sent", "letter patient client", LETTER_TARGETS,
               (_PATIENT, ("body|subject|recipient", "the text or the subject")), many=True),
        Entity(REMINDER, "Reminder", "Reminders", 12,
               "reminder|reminders|recall|recalls|follow ups|followups|appointment reminders|tasks|"
               "erinnerung|erinnerungen|wiedervorlage|wiedervorlagen|rappel|rappels|relances|"
               "patient reminders|to do|callbacks", "reminder recall patient client",
               REMINDER_TARGETS, (_PATIENT_OR_VISIT,), many=True),
        Entity(MESSAGE, "Message", "Messages", 13,
               "sms|message|messages|sms messages|sms log|text messages|texts|sms history|sms sent|"
               "sms outbox|sms inbox|sent messages|email log|emails sent|nachrichten|nachricht|"
               "messages sms|texto|textos|sms replies|message log|communications|communication log",
               "sms message text patient client", MESSAGE_TARGETS,
               (("body|address", "the text"),), many=True),
        Entity(DOCUMENT, "Document", "Documents", 16,
               "document|documents|docs|files|attachments|scans|patient documents|client documents|"
               "scanned documents|pdfs|uploads|dokumente|dokument|dateien|anhange|unterlagen|fichiers|"
               "pieces jointes|scanned|document library|patient files|forms|consent forms|file store",
               "document doc file patient client", DOCUMENT_TARGETS,
               (("file|file_name|external_path|title", "the file"),), many=True),
        Entity(IMAGE_BATCH, "Image batch", "Image batches", 17,
               "image batches|image batch|photo batches|image sets|image series|photo sessions|"
               "albums|photo albums|bildserien|fotoserien|series photos|lots images|image sessions|"
               "imaging studies|studies", "image photo batch patient client", IMAGE_BATCH_TARGETS),
        Entity(IMAGE, "Image", "Images", 18,
               "image|images|photo|photos|pictures|picture|clinical photos|patient photos|"
               "client photos|xrays|x rays|radiographs|bilder|fotos|foto|aufnahmen|"
               "photographies|cliches|media|gallery|scans images", "image photo picture patient client",
               IMAGE_TARGETS, (("file|file_name|external_path", "the image"),), many=True),
        Entity(INVOICE, "Past invoice", "Past invoices", 14,
               "invoice|invoices|bills|billing|accounts receivable|receipts|sales|patient invoices|"
               "rechnung|rechnungen|facture|factures|invoice headers|invoice header|tax invoices|"
               "honorarnoten|notes honoraires|claims", "invoice bill inv patient client",
               INVOICE_TARGETS, (("number|issued_on|total", "the invoice's number or date"),),
               many=True),
        Entity(INVOICE_LINE, "Line of a past invoice", "Lines of past invoices", 15,
               "invoice lines|invoice line|invoice items|invoice line items|line items|lineitems|"
               "invoice details|invoice detail|items|lines|bill items|invoice data|"
               "rechnungspositionen|positionen|lignes facture|lignes|lignes factures|invoicelines|"
               "invoice data lines|inv lines|services billed",
               "invoice line item inv", INVOICE_LINE_TARGETS,
               (("invoice", "the invoice"),
                ("description|code|amount|price|quantity", "the line's text"))),
    )
}  # fmt: skip

NOT_PEOPLE = (
    "company|companies|product|products|order|orders|invoice|invoices|lines|line items|settings|"
    "setup|globals|resources|resource|log|logs|payments|payment|suppliers|supplier|inventory|items|"
    "documents|document|images|notes|letters|templates|tasks|users|accounts|preferences|interface|"
    "transactions|stock|referrers|referrals|doctors|gps|rechnungen|produkte|factures|reminders|"
    "messages|sms|patient contacts|emergency contacts|recalls|photos|zuweiser|arzte|medecins|letter|"
    "brief|briefe|lettres|courriers"
)
"""Tables that hold a name and an address and are not patients."""
