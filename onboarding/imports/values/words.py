"""Words with a fixed meaning: sex, status of a visit, yes and no, colours."""

from __future__ import annotations

import re

from clinical.appointments.models import Status
from clinical.patients.models import Patient
from onboarding.imports.values.issues import Reading
from onboarding.imports.values.text import folded, one_line

_SEXES = {
    Patient.Sex.FEMALE: "f female woman girl w weiblich frau femme feminin fille mrs ms miss",
    Patient.Sex.MALE: "m male man boy mann mannlich homme masculin garcon h mr herr",
    Patient.Sex.OTHER: "x other another nonbinary intersex indeterminate divers d autre non binary",
    Patient.Sex.UNKNOWN: "u unknown unspecified notstated na unbekannt inconnu not stated n a",
}
_SEX_WORDS = {word: sex for sex, words in _SEXES.items() for word in words.split()}

_STATUSES: dict[Status, str] = {
    Status.BOOKED: "booked|scheduled|pending|new|planned|open|tentative|made|active|reserved|"
    "gebucht|geplant|vereinbart|offen|reserve|prevu|planifie",
    Status.CONFIRMED: "confirmed|reminded|bestatigt|confirme",
    Status.ARRIVED: "arrived|checked in|check in|waiting|in waiting room|eingetroffen|wartet|arrive",
    Status.IN_SESSION: "in session|in progress|with clinician|in consult|in treatment|in behandlung|"
    "started|en cours",
    Status.COMPLETED: "completed|complete|done|attended|seen|finished|kept|invoiced|billed|closed|"
    "paid|erledigt|abgeschlossen|erschienen|termine|honore|fait|present",
    Status.DID_NOT_ATTEND: "did not attend|dna|no show|noshow|fta|failed to attend|missed|absent|"
    "did not arrive|nicht erschienen|absent|non venu",
    Status.LATE_CANCELLATION: "late cancellation|late cancel|cancelled late|canceled late|lc|"
    "short notice cancellation|short notice|same day cancellation|kurzfristig abgesagt",
    Status.CANCELLED: "cancelled|canceled|cancellation|cancel|cxl|cnx|rescheduled|deleted|void|"
    "declined|abgesagt|storniert|annule|annulation|reporte",
}
_STATUS_WORDS = {word: status for status, words in _STATUSES.items() for word in words.split("|")}
_NOT_HAPPENING = re.compile(r"\b(cancel|abgesagt|storn|annul)")

_YES = frozenset("1 y yes true t x on ja wahr oui vrai active aktiv actif ok ✓ checked".split())
_NO = frozenset("0 n no false f off nein falsch non faux inactive inaktiv inactif".split())


def read_sex(raw: str) -> Reading[str]:
    text = folded(raw)
    if not text:
        return Reading()
    found = _SEX_WORDS.get(text) or _SEX_WORDS.get(text.replace(" ", ""))
    if found is None:
        return Reading.failed("sex_word", "A word for sex we do not know: kept with the record.")
    return Reading(str(found))


def read_status(raw: str) -> Reading[str]:
    """Read what became of a visit; a word we do not know is told and left out."""
    text = folded(raw)
    if not text:
        return Reading()
    if text in _STATUS_WORDS:
        return Reading(str(_STATUS_WORDS[text]))
    if _NOT_HAPPENING.search(text):
        late = "late" in text or "short" in text or "kurzfristig" in text
        return Reading(str(Status.LATE_CANCELLATION if late else Status.CANCELLED))
    for word, status in _STATUS_WORDS.items():
        if len(word) > 4 and re.search(rf"\b{re.escape(word)}\b", text):  # noqa: PLR2004
            return Reading(str(status))
    return Reading.failed("status_word", "A status we do not know: kept with the record.")


def is_status_word(raw: str) -> bool:
    return folded(raw) in _STATUS_WORDS


def is_plain_word(kind: str, raw: str) -> bool:
    """True where the cell holds the word alone; “rang, cancelled” says more than its status."""
    text = folded(raw)
    if kind == "status":
        return text in _STATUS_WORDS
    return len(text.split()) <= 1 or text == "waiting list"


def read_flag(raw: str) -> Reading[bool]:
    """Read FileMaker's many ways of yes and no: 1 or empty, Yes, x, ja."""
    text = folded(raw) or one_line(raw)
    if not text:
        return Reading()
    if text in _YES:
        return Reading(value=True)
    if text in _NO:
        return Reading(value=False)
    return Reading.failed("flag_word", "Neither a yes nor a no: kept with the record.")


_ARCHIVED = frozenset(
    "inactive archived deceased discharged closed former past deleted dead left "
    "inaktiv archiviert verstorben entlassen ehemalig inactif archive decede sorti ancien".split()
)


def read_archived(raw: str) -> Reading[bool]:
    """Read from a status word or a flag whether a patient is one no longer."""
    text = folded(raw)
    if not text:
        return Reading()
    if set(text.split()) & _ARCHIVED:
        return Reading(value=True)
    if text in {"active", "current", "new", "open", "aktiv", "actif", "waitlist", "waiting list"}:
        return Reading(value=False)
    return Reading.failed("patient_status_word", "A patient status we do not know: kept.")


def read_active(raw: str) -> Reading[bool]:
    flag = read_flag(raw)
    if flag.value is not None or not folded(raw):
        return flag
    archived = read_archived(raw)
    return Reading(None if archived.value is None else not archived.value, archived.issues)


_COLOURS = {
    "red": "#c0392b", "rot": "#c0392b", "rouge": "#c0392b",
    "blue": "#2a6fdb", "blau": "#2a6fdb", "bleu": "#2a6fdb",
    "green": "#2e8b57", "grun": "#2e8b57", "vert": "#2e8b57",
    "yellow": "#c9a20b", "gelb": "#c9a20b", "jaune": "#c9a20b",
    "orange": "#d9731a", "purple": "#7d4fb3", "lila": "#7d4fb3", "violet": "#7d4fb3",
    "pink": "#c94f8c", "rosa": "#c94f8c", "rose": "#c94f8c",
    "grey": "#6b7280", "gray": "#6b7280", "grau": "#6b7280", "gris": "#6b7280",
    "brown": "#8a5a2b", "braun": "#8a5a2b", "marron": "#8a5a2b",
    "teal": "#1f7f86", "turquoise": "#1f9e9e", "black": "#222222", "schwarz": "#222222",
}  # fmt: skip


def read_colour(raw: str) -> Reading[str]:
    """Read `#RRGGBB`, `RRGGBB`, `r,g,b`, FileMaker's RGB() number, or a colour's name."""
    text = one_line(raw).lower()
    if not text:
        return Reading()
    if match := re.fullmatch(r"#?([0-9a-f]{6})", text):
        return Reading(f"#{match[1]}")
    if match := re.fullmatch(
        r"(?:rgb\()?\s*(\d{1,3})\s*[,; ]\s*(\d{1,3})\s*[,; ]\s*(\d{1,3})\)?", text
    ):
        parts = [int(part) for part in match.groups()]
        if max(parts) <= 255:  # noqa: PLR2004 - one byte each
            return Reading("#{:02x}{:02x}{:02x}".format(*parts))
    if text.isdigit() and int(text) < 1 << 24:
        return Reading(f"#{int(text):06x}")
    if found := _COLOURS.get(folded(text)):
        return Reading(found)
    return Reading.failed("colour_unreadable", "A colour we do not know.")
