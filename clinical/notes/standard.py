"""Templates to begin with: a clinic adds them to its library and makes them its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinical.notes.sections import Kind, Section


@dataclass(frozen=True)
class Standard:
    """One template that Nexus brings along."""

    name: str
    purpose: str
    asks: tuple[tuple[Kind, str, dict[str, Any]], ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        return tuple(
            Section(key=f"s{number}", kind=kind, heading=heading, **more)
            for number, (kind, heading, more) in enumerate(self.asks, 1)
        )


def _text(
    heading: str, hint: str = "", *, needed: bool = False
) -> tuple[Kind, str, dict[str, Any]]:
    return Kind.TEXT, heading, {"hint": hint, "is_required": needed}


def _one(heading: str, *lines: str, hint: str = "") -> tuple[Kind, str, dict[str, Any]]:
    return Kind.CHOICE, heading, {"lines": lines, "hint": hint}


def _some(heading: str, *lines: str, hint: str = "") -> tuple[Kind, str, dict[str, Any]]:
    return Kind.CHECKLIST, heading, {"lines": lines, "hint": hint}


def _scale(
    heading: str, low_label: str, high_label: str, *, low: int = 0, high: int = 10
) -> tuple[Kind, str, dict[str, Any]]:
    ends = {"low_label": low_label, "high_label": high_label}
    return Kind.SCALE, heading, {"low": low, "high": high, **ends}


def _number(heading: str, unit: str) -> tuple[Kind, str, dict[str, Any]]:
    return Kind.NUMBER, heading, {"unit": unit}


def _date(heading: str, hint: str = "") -> tuple[Kind, str, dict[str, Any]]:
    return Kind.DATE, heading, {"hint": hint}


def _table(heading: str, *columns: str, hint: str = "") -> tuple[Kind, str, dict[str, Any]]:
    return Kind.TABLE, heading, {"lines": columns, "hint": hint}


def _chart(heading: str = "Body chart") -> tuple[Kind, str, dict[str, Any]]:
    return Kind.BODY, heading, {"hint": "Tap where it is, or draw along where it spreads."}


_PAIN = _scale("Pain now", "no pain", "worst pain imaginable")
_PLAN = _text("Plan", "What happens next, who does it, and when", needed=True)
_CONSENT = _one(
    "Consent to assessment and treatment",
    "Given after explanation",
    "Given by a guardian or nominee",
    "Not given: see the text",
)
_RED_FLAGS = _some(
    "Warning signs asked about",
    "None found",
    "Unexplained weight loss",
    "Night pain that does not ease",
    "Fever or feeling unwell",
    "Change of bladder or bowel control",
    "Numbness of the saddle area",
    "Recent fall or injury",
)
_GOALS = _table("Goals", "Goal in the person's words", "How we will know", "By when")
_PROGRAMME = _table("Home programme", "Exercise", "Sets and repeats", "How often")

STANDARD = (
    Standard(
        "SOAP note",
        "A visit on the way: subjective, objective, assessment, plan",
        (
            _text("Subjective", "What the person says"),
            _PAIN,
            _chart(),
            _text("Objective", "What you see, measure and do", needed=True),
            _text("Assessment", "What you make of it"),
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: physiotherapy",
        "A first visit, from the story to the plan",
        (
            _CONSENT,
            _text("Presenting concern", "Why they have come, in their words", needed=True),
            _text("Story so far", "How it began, what eases it, what makes it worse"),
            _date("Began on"),
            _chart(),
            _PAIN,
            _scale("Pain at its worst in the last week", "no pain", "worst pain imaginable"),
            _RED_FLAGS,
            _text("Health history", "Conditions, operations, medicines, imaging"),
            _text("Home, work and sport"),
            _table("Movement", "Joint and direction", "Left", "Right", "Pain"),
            _table("Strength", "Muscle group", "Left", "Right"),
            _text("Special tests and observations"),
            _text("Working diagnosis", needed=True),
            _GOALS,
            _text("Treatment today"),
            _PROGRAMME,
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: occupational therapy",
        "Daily life, home, supports and goals",
        (
            _CONSENT,
            _text("Reason for the referral", needed=True),
            _text("Health history"),
            _text("Home and people", "Who lives there, stairs, bathroom, supports"),
            _table("Self-care and daily life", "Activity", "How it is done now", "Help needed"),
            _some(
                "Equipment in use",
                "Walking stick",
                "Walking frame",
                "Wheelchair",
                "Rails",
                "Shower chair",
                "Over-toilet frame",
                "Communication device",
            ),
            _text("Movement and hands"),
            _text("Thinking, memory and mood"),
            _text("Senses and regulation"),
            _some(
                "Risks", "Falls", "Pressure injury", "Manual handling", "Wandering", "Living alone"
            ),
            _GOALS,
            _text("Recommendations", "Therapy, equipment, changes to the home"),
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: podiatry",
        "Feet, footwear, circulation and feeling",
        (
            _CONSENT,
            _text("Presenting concern", needed=True),
            _chart("Where on the foot or leg"),
            _PAIN,
            _some(
                "Health that matters to feet",
                "Diabetes",
                "Poor circulation",
                "Rheumatoid arthritis",
                "Blood thinners",
                "Smoker",
                "Past ulcer",
                "Amputation",
            ),
            _table("Pulses and feeling", "Test", "Left", "Right"),
            _text("Skin and nails"),
            _text("Joints, posture and walking"),
            _text("Footwear"),
            _one("Risk of the feet", "Low", "Moderate", "High", "Active foot problem"),
            _text("Treatment today"),
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: exercise physiology",
        "Readiness, measures and a programme",
        (
            _CONSENT,
            _text("Reason for the referral", needed=True),
            _some(
                "Asked before exercise",
                "Heart condition",
                "Chest pain at rest or on effort",
                "Fainting or dizziness",
                "Asthma attack in the last year",
                "Diabetes hard to control",
                "Muscle, bone or joint problem",
                "None of these",
            ),
            _number("Height", "cm"),
            _number("Weight", "kg"),
            _number("Resting heart rate", "beats a minute"),
            _table("Blood pressure", "Position", "Upper", "Lower"),
            _table("Baseline measures", "Test", "Result", "Comment"),
            _scale("Effort at the end", "rest", "as hard as possible", low=6, high=20),
            _text("Present activity", "What, how often, how long"),
            _GOALS,
            _PROGRAMME,
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: speech pathology",
        "Communication, swallowing and supports",
        (
            _CONSENT,
            _text("Reason for the referral", needed=True),
            _text("Birth, development and health"),
            _text("Languages at home and hearing"),
            _text("Understanding"),
            _text("Speaking and expression"),
            _text("Speech sounds, voice and fluency"),
            _text("Social communication and play"),
            _text("Reading and writing"),
            _one("Eating and drinking", "No concern", "Concern: see the text", "Not asked today"),
            _text("Mealtime observations"),
            _table("Assessments given", "Assessment", "Score", "What it means"),
            _GOALS,
            _PLAN,
        ),
    ),
    Standard(
        "Initial assessment: psychology",
        "The story, risk, formulation and plan",
        (
            _one("Confidentiality and its limits", "Explained and understood", "To be repeated"),
            _text("Presenting concern", needed=True),
            _text("Story so far"),
            _text("Family, relationships and culture"),
            _text("Education and work"),
            _text("Health, sleep, substances, medicines"),
            _text("Appearance, speech, mood, thought", "As seen today"),
            _scale("Distress today", "none", "unbearable"),
            _one(
                "Risk to self or others",
                "None said or seen",
                "Thoughts without intent",
                "Thoughts with intent or plan",
                "Acted on since the last contact",
            ),
            _text("Safety plan", "What was agreed, with whom, who was told"),
            _text("Formulation", "How it fits together", needed=True),
            _GOALS,
            _PLAN,
        ),
    ),
    Standard(
        "Home visit",
        "What was found and done at the person's home",
        (
            _some("Before going in", "Visit confirmed", "No known hazard", "Pets secured"),
            _text("Who was there"),
            _table("Rooms and access", "Place", "What was found", "What is suggested"),
            _some(
                "Hazards", "Steps without rail", "Loose rugs", "Poor light", "Wet area", "Clutter"
            ),
            _text("What was done", needed=True),
            _number("Travel there and back", "km"),
            _PLAN,
        ),
    ),
    Standard(
        "NDIS progress",
        "Supports given and progress towards the plan's goals",
        (
            _date("Plan ends on"),
            _text("Supports since the last report", needed=True),
            _table("Progress towards the plan's goals", "Goal", "Before", "Now"),
            _scale("How close to what the person hoped for", "not at all", "all the way"),
            _text("What helps and what stands in the way"),
            _text("Effect on informal supports"),
            _some(
                "Recommended for the next plan",
                "Go on with the same hours",
                "More hours",
                "Fewer hours",
                "Assistive technology",
                "Home modifications",
                "Other supports",
            ),
            _text("Reasons for the recommendation", needed=True),
            _PLAN,
        ),
    ),
    Standard(
        "Discharge summary",
        "How an episode of care ended",
        (
            _date("First seen"),
            _date("Last seen"),
            _number("Visits", "visits"),
            _text("Why they came"),
            _text("What was done", needed=True),
            _table("Measures", "Measure", "At the start", "At the end"),
            _one(
                "Why it ends",
                "Goals reached",
                "Improved as far as expected",
                "Went elsewhere",
                "Did not come back",
                "Funding ended",
            ),
            _text("Advice to go on with"),
            _text("When to come back or be referred again"),
        ),
    ),
)
