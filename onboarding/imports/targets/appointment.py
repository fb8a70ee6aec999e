"""Where the fields of an appointment go."""

from __future__ import annotations

from onboarding.imports.targets.base import (
    APPOINTMENT_TYPE,
    LOCATION,
    PATIENT,
    PRACTITIONER,
    Target,
)

APPOINTMENT_TARGETS = (
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
