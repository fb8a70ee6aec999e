"""Words for who somebody is to a patient, by which way a message went, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clinical.contacts.models import Contact, PatientContact
from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.patients.models import ContactPoint
from onboarding.imports.values.issues import Reading
from onboarding.imports.values.text import folded, one_line
from onboarding.imports.values.words import read_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RELATION = {
    PatientContact.Kind.EMERGENCY: "emergency|ice|notfall|urgence",
    PatientContact.Kind.NEXT_OF_KIN: "next of kin|kin|nok|angehorig|proche|spouse|partner|husband|wife",
    PatientContact.Kind.CARER: "carer|caregiver|support worker|betreuer|pflege|aidant",
    PatientContact.Kind.GUARDIAN: "guardian|parent|mother|father|mum|dad|vormund|tuteur|eltern",
    PatientContact.Kind.GP: "gp|general practitioner|family doctor|hausarzt|medecin traitant|generaliste",
    PatientContact.Kind.REFERRER: "referrer|referring|referral|zuweiser|uberweiser|prescripteur",
    PatientContact.Kind.SPECIALIST: "specialist|surgeon|paediatrician|facharzt|specialiste",
    PatientContact.Kind.PLAN_MANAGER: "plan manager|plan management|plan nominee",
    PatientContact.Kind.SUPPORT_COORDINATOR: "coordinator|coordination|case manager|koordinator",
    PatientContact.Kind.OTHER: "other|andere|autre|friend|neighbour|school|teacher",
}
_CONTACT = {
    Contact.Kind.GP: _RELATION[PatientContact.Kind.GP] + "|doctor|arzt|medecin",
    Contact.Kind.SPECIALIST: _RELATION[PatientContact.Kind.SPECIALIST],
    Contact.Kind.PLAN_MANAGER: _RELATION[PatientContact.Kind.PLAN_MANAGER],
    Contact.Kind.SUPPORT_COORDINATOR: _RELATION[PatientContact.Kind.SUPPORT_COORDINATOR],
    Contact.Kind.INSURER: "insurer|insurance|health fund|workcover|versicherung|krankenkasse|assurance",
    Contact.Kind.FAMILY: "family|familie|famille",
    Contact.Kind.REFERRER: _RELATION[PatientContact.Kind.REFERRER],
    Contact.Kind.OTHER: "other|andere|autre|supplier|school",
}
_POINT = {
    ContactPoint.Kind.EMAIL: "email|e mail|mail|courriel",
    ContactPoint.Kind.MOBILE: "mobile|mob|cell|handy|mobil|portable|natel|m",
    ContactPoint.Kind.WORK: "work|business|office|geschaft|arbeit|travail|bureau|w|bh",
    ContactPoint.Kind.HOME: "home|private|landline|privat|festnetz|domicile|fixe|h|ah|phone|telephone",
    ContactPoint.Kind.OTHER: "other|fax|andere|autre|pager",
}
_CHANNEL = {
    Reminder.Channel.SMS: "sms|text|txt|texto|mobile|handy",
    Reminder.Channel.EMAIL: "email|e mail|mail|courriel",
    Reminder.Channel.LETTER: "letter|post|brief|lettre|courrier|postal|card",
    Reminder.Channel.PHONE: "phone|call|telephone|tel|anruf|telefon|appel|voice",
    Reminder.Channel.OTHER: "other|andere|autre|fax|in person",
}
_DIRECTION = {
    Message.Direction.IN: "in|inbound|incoming|received|reply|from|eingang|eingehend|entrant|recu|i|mo",
    Message.Direction.OUT: "out|outbound|outgoing|sent|to|ausgang|ausgehend|sortant|envoye|o|mt",
}
_MESSAGE = {
    Message.State.FAILED: "failed|error|undelivered|rejected|expired|not delivered|not sent|invalid|"
    "bounced|fehler|fehlgeschlagen|echec|echoue|erreur",
    Message.State.DELIVERED: "delivered|delivrd|zugestellt|livre|delivre|read|seen",
    Message.State.RECEIVED: "received|empfangen|recu|inbound|reply",
    Message.State.QUEUED: "queued|pending|waiting|scheduled|draft|wartet|geplant|en attente",
    Message.State.SENT: "sent|ok|success|submitted|accepted|gesendet|versendet|envoye|yes|1",
}
_REMINDER = {
    Reminder.State.CANCELLED: "cancelled|canceled|deleted|stopped|declined|skipped|abgesagt|annule",
    Reminder.State.FAILED: "failed|error|not sent|undelivered|bounced|fehler|echec|erreur",
    Reminder.State.PLANNED: "planned|pending|due|open|queued|scheduled|new|to do|outstanding|no|0|offen|"
    "geplant|prevu|a faire|en attente|active",
    Reminder.State.SENT: "sent|done|completed|delivered|complete|called|yes|1|erledigt|gesendet|"
    "envoye|fait|ok|replied|confirmed",
}
_LETTER = {
    Letter.State.DRAFT: "draft|in progress|unfinished|entwurf|brouillon|to be reviewed|pending",
    Letter.State.SENT: "sent|emailed|posted|faxed|mailed|printed|gesendet|versendet|envoye|yes|1",
    Letter.State.FINAL: "final|finalised|finalized|approved|signed|complete|completed|fertig|termine|no|0",
}


def _reader(meanings: Mapping[Any, str], code: str, message: str) -> Callable[[str], Reading[str]]:
    """Make a reader: the whole text is a word of the list, or one of its words stands in it."""
    known = {word: str(value) for value, words in meanings.items() for word in words.split("|")}

    def read(raw: str) -> Reading[str]:
        text = folded(raw)
        if not text:
            return Reading.failed(code, message) if one_line(raw) else Reading()
        if text in known:
            return Reading(known[text])
        padded = f" {text} "
        for word, value in known.items():
            if len(word) > 2 and f" {word} " in padded:  # noqa: PLR2004 - shorter ones say too little
                return Reading(value)
        return Reading.failed(code, message)

    return read


read_relation = _reader(
    _RELATION, "relation_word", "A word for a person's part that we do not know: kept."
)
read_contact_kind = _reader(
    _CONTACT, "contact_word", "A kind of contact that we do not know: kept with the record."
)
read_point_kind = _reader(
    _POINT, "point_word", "A kind of number that we do not know: kept with it."
)
read_channel = _reader(
    _CHANNEL, "channel_word", "A way of sending that we do not know: kept with the record."
)
read_message_state = _reader(
    _MESSAGE, "message_word", "What became of the message is a word we do not know: kept."
)
read_reminder_state = _reader(
    _REMINDER, "reminder_word", "What became of the reminder is a word we do not know: kept."
)
read_letter_state = _reader(
    _LETTER, "letter_word", "A state of a letter that we do not know: kept with the record."
)
_direction_word = _reader(_DIRECTION, "direction_word", "Neither in nor out: kept with the record.")


def read_direction(raw: str) -> Reading[str]:
    """Read in or out; a flag (“incoming”: yes) says in."""
    flag = read_flag(raw).value
    if flag is not None and folded(raw) not in {"o", "i"}:
        return Reading(str(Message.Direction.IN if flag else Message.Direction.OUT))
    return _direction_word(raw)
