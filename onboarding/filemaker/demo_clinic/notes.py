"""Clinical notes of the demo clinic: short and long, with returns, quotes, marks and emoji."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from onboarding.filemaker.demo_clinic import appointments, names
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.patients import PatientPlan
from onboarding.filemaker.demo_clinic.staff import CLINICIANS
from onboarding.filemaker.demo_clinic.written import record_ids, stamps, written_date
from onboarding.filemaker.fmp.writer import Record

if TYPE_CHECKING:
    from onboarding.filemaker.fmp.writer.writer import Cell, Value

_FIRST_RECORD: Final = 12_000
"""Old notes were archived: the ids run over 16,512, from where they take three bytes."""

_KINDS = ("Progress Note", "Initial Assessment", "Phone Call", "Case Conference", "Letter")
_OPENINGS = (
    *(
        "S: {name} reports a better week.",
        "Seen at home with support worker {name}.",
        "T/C to {name}",
    ),
    *("Arrived 10 min late, settled quickly.", "Initial Ax as per referral from Dr {name}."),
    *("S: “Feeling much the same.”", "Pt attended with carer – consent confirmed."),
)
_SENTENCES = (
    *("ROM L shoulder flexion 0–110°, limited by pain at end of range.", "BP 128/76, SpO2 97 %."),
    *("Gait: reduced step length R, uses 4WW outdoors.", "Transfers independent, SBA for stairs."),
    *("Berg 44/56 (prev. 39/56).", "Pain 6/10 → 3/10 after treatment.", "Sleep 5–6 h, wakes ×2."),
    *("Provided HEP: sit to stand 3 × 10, calf raises, tandem stance.", "Reviewed AFO fit, OK."),
    *("Discussed goals; would like to return to gardening by spring.", "Skin intact, no redness."),
    *("PHQ-9 score 11, no risk identified.", "Practised minimal pairs /s/ – /ʃ/, 70 % accuracy."),
    *("Texture-modified diet IDDSI level 5, thin fluids tolerated.", "Home mods: rail 600 mm."),
    *("Café visit trialled: ordered crêpe and paid, minimal prompts.", "Weight 72.4 kg (↓0.6)."),
    *("Contacted GP re: medication timing; awaiting reply.", "Plan: review in 2/52, telehealth."),
)
_EMOJI = ("😀", "👍", "🎉", "👩‍⚕️", "🦘", "❤️‍🩹 💪", "🙂 🙂", "🏊🏽")
_LONG_SHARE = 0.07


def note_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield the notes, oldest first."""
    rng = facts.chance("notes")
    cheerful = set(rng.sample(range(facts.notes), facts.notes_with_emoji))
    orphans = set(facts.chance("orphan notes").sample(range(facts.notes), facts.orphan_notes))
    ids = record_ids(rng, _FIRST_RECORD)
    for n in range(facts.notes):
        day = facts.today - timedelta(days=(facts.notes - n) * 1_090 // facts.notes)
        body = _body(rng)
        if n in cheerful:
            body += f" {rng.choice(_EMOJI)}"
        cells: dict[Cell, Value] = {
            "ID_Note": str(n + 1),
            "Patient ID": patients.random_id(rng),
            "Clinician ID": str(rng.choice(CLINICIANS).id),
            "Note Date": written_date(day),
            "Note Type": rng.choice(_KINDS),
            "Body": body,
        }
        if rng.random() < 0.7:  # noqa: PLR2004 - the others stand alone
            key = appointments.FIRST_ID + int(n / facts.notes * facts.appointments * 0.9)
            cells["Appointment ID"] = str(key)
        if n in orphans:
            cells["Patient ID"] = str(appointments.ORPHAN_FROM + n)
        cells.update(stamps(rng, day, facts.today))
        yield Record(next(ids), cells, rng.randrange(9))


def _body(rng: Random) -> str:
    many = rng.randrange(30, 60) if rng.random() < _LONG_SHARE else rng.randrange(1, 6)
    opening = rng.choice(_OPENINGS).format(name=rng.choice(names.FAMILY))
    parts = [opening, *rng.choices(_SENTENCES, k=many)]
    return rng.choice(("\r", "\r\r", " ", "\r- ")).join(parts)
