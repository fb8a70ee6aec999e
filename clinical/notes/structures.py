"""What a note can start as: a kind, and the sections it is written in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One field of the editor; `hint` stands below its heading."""

    heading: str
    hint: str = ""


@dataclass(frozen=True)
class Structure:
    """One choice under "New note"."""

    key: str
    kind: str
    purpose: str
    sections: tuple[Section, ...]


STRUCTURES = {
    structure.key: structure
    for structure in (
        Structure(
            "soap",
            "SOAP note",
            "Subjective, objective, assessment, plan",
            (
                Section("Subjective", "What the patient says"),
                Section("Objective", "What you see, measure and do"),
                Section("Assessment", "What you make of it"),
                Section("Plan", "What happens next, and who does it"),
            ),
        ),
        Structure(
            "initial",
            "Initial assessment",
            "A first visit, from the history to the plan",
            (
                Section("Presenting concern", "Why they have come, in their words"),
                Section("History", "Onset, course, conditions, surgery, medication"),
                Section("Home and daily life", "Living, work, supports, equipment"),
                Section("Goals", "What they want to be able to do"),
                Section("Examination", "Findings and measures"),
                Section("Assessment", "What you make of it; risks"),
                Section("Plan", "Treatment, frequency, review date"),
            ),
        ),
        Structure(
            "progress",
            "Progress note",
            "A visit on the way",
            (
                Section("Since the last visit", "Changes, home programme"),
                Section("Today", "What was done and how it was tolerated"),
                Section("Progress towards goals"),
                Section("Plan", "What happens next"),
            ),
        ),
        Structure("blank", "Note", "One empty page", (Section(""),)),
    )
}
