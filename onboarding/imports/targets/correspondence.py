"""Where the fields of notes, letters, reminders and messages go."""

from __future__ import annotations

from onboarding.imports.targets.base import REFERRER, Target
from onboarding.imports.targets.shared import (
    appointment_target,
    moment_targets,
    patient_target,
    practitioner_target,
)

_STAMP = (
    "created|created at|creation timestamp|date created|created on|timestamp|creation date|erstellt|"
    "erstellt am|cree le|date creation|creation"
)

NOTE_TARGETS = (
    patient_target("contact id|contact"),
    appointment_target(),
    practitioner_target("author id|user id|doctor|physio"),
    Target("author", "Author, in words", "text",
           "author|written by|created by|entered by|user|user name|account|auteur|autor|verfasser|"
           "erfasst von|signed by|note by|by", group="Who"),
    *moment_targets(
        "noted", "Written",
        moments=f"note timestamp|noted at|date time|datetime|written at|{_STAMP}|note datetime|"
                "zeitstempel|horodatage",
        days="note date|date|date note|session date|date of note|visit date|entry date|service date|"
             f"datum|notiz datum|jour|consultation date|{_STAMP}",
        times="note time|time|uhrzeit|zeit|heure|entry time"),
    Target("kind", "Kind of note", "text",
           "note type|type|kind|category|note kind|template|template name|notizart|art|kategorie|"
           "categorie|type note|format", group="What"),
    Target("title", "Title", "text",
           "title|subject|heading|note title|titel|betreff|titre|objet|topic|summary",
           group="What"),
    Target("body", "Text (several fields are joined)", "lines",
           "body|note|notes|text|note text|content|progress note|clinical note|note body|details|"
           "description|comment|comments|inhalt|notiz|notizen|verlauf|contenu|texte|observation|"
           "observations|entry|remarks|bemerkung|subjective|objective|assessment|plan|soap|"
           "treatment|findings|history|befund|therapie|anamnese|traitement|diagnosis|diagnose|"
           "goals|outcome|recommendations", many=True, group="What"),
)  # fmt: skip

LETTER_TARGETS = (
    patient_target("contact id"),
    practitioner_target("author|signed by|author id|from|absender|auteur|doctor"),
    Target("contact", "Recipient from the contacts", "reference",
           "recipient id|referrer|referrer id|doctor id|gp|gp id|contact id|addressee id|"
           "empfanger id|medecin|zuweiser", refers_to=REFERRER, group="Who"),
    Target("recipient", "Recipient, in words", "lines",
           "recipient|to|addressee|addressed to|recipient name|recipient address|sent to|letter to|"
           "empfanger|an|destinataire|a qui|adressat", many=True, group="Who"),
    Target("letter_date", "Date", "day",
           f"letter date|date|date letter|date sent|sent date|datum|briefdatum|date lettre|{_STAMP}",
           shape="date", group="When"),
    Target("subject", "Subject", "text",
           "subject|re|title|letter title|regarding|heading|betreff|titel|objet|titre|letter name|"
           "description|type|letter type|template|template name", group="What"),
    Target("body", "Text", "lines",
           "body|text|letter|letter text|letter body|content|contents|message|brieftext|inhalt|"
           "contenu|texte|paragraph", many=True, group="What"),
    Target("state", "Draft, final or sent", "letter_state",
           "status|state|letter status|sent|is sent|finalised|final|zustand|statut|etat|gesendet|"
           "envoye", group="What"),
)  # fmt: skip

REMINDER_TARGETS = (
    patient_target("contact id"),
    appointment_target(),
    Target("channel", "By which way", "channel",
           "type|method|channel|reminder type|via|medium|by|send via|art|kanal|moyen|canal|"
           "reminder method|delivery method|contact method", group="What"),
    *moment_targets(
        "due", "Due",
        moments="due at|due|reminder timestamp|send at|scheduled|scheduled for|faellig|echeance|"
                "remind at|due timestamp",
        days="due date|reminder date|date due|date|due|scheduled date|recall date|remind on|"
             "erinnerungsdatum|fallig am|date rappel|next date",
        times="due time|reminder time|time|uhrzeit|heure"),
    *moment_targets(
        "sent", "Sent",
        moments="sent at|sent|sent timestamp|timestamp sent|gesendet am|envoye le|sent on",
        days="date sent|sent date|sent on|gesendet|envoye|last sent|completed date|done date",
        times="time sent|sent time"),
    Target("state", "What became of it", "reminder_state",
           "status|state|reminder status|result|outcome|done|completed|sent|zustand|statut|etat|"
           "sent status", group="What"),
    Target("body", "Text", "lines",
           "text|message|body|reminder|reminder text|notes|note|description|subject|details|reason|"
           "comment|nachricht|bemerkung|texte|remarque|content", many=True, group="What"),
)  # fmt: skip

MESSAGE_TARGETS = (
    patient_target("contact id"),
    appointment_target(),
    Target("channel", "By which way", "channel",
           "type|channel|method|message type|via|medium|art|kanal|canal", group="What"),
    Target("direction", "In or out", "direction",
           "direction|in out|inbound outbound|incoming|outgoing|sent received|richtung|sens|"
           "incoming outgoing|is reply|inout", group="What"),
    Target("address", "Number or address of the other side", "text",
           "to|number|mobile|phone|phone number|mobile number|to number|recipient|from number|"
           "recipient number|address|email|email address|destination|empfanger|nummer|"
           "destinataire|numero|sender|from|mobile no", shape="phone", group="Who"),
    *moment_targets(
        "sent", "Sent",
        moments=f"sent at|sent|timestamp|sent timestamp|date time|datetime|sent on|received at|"
                f"message timestamp|gesendet am|envoye le|{_STAMP}",
        days=f"date|date sent|sent date|message date|sent on|datum|date envoi|{_STAMP}",
        times="time|time sent|sent time|uhrzeit|heure"),
    Target("state", "What became of it", "message_state",
           "status|state|delivery status|message status|result|delivery|zustand|statut|etat|"
           "send status|response code|sms status", group="What"),
    Target("body", "Text", "lines",
           "message|body|text|content|sms|message text|sms text|message body|nachricht|texte|inhalt|"
           "contenu|sms body|reply|subject", many=True, group="What"),
)  # fmt: skip
