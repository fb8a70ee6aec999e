"""Protocols to begin with: a clinic adds them to its library and makes them its own."""

from __future__ import annotations

from typing import Any


def _goal(text: str, target: str, *, measure: str = "", weeks: int | None = None) -> dict[str, Any]:
    return {"text": text, "target": target, "measure": measure, "weeks": weeks}


STANDARD: tuple[dict[str, Any], ...] = (
    {
        "name": "Low back pain",
        "discipline": "Physiotherapy",
        "interventions": "Explain the course and what helps; stay active.\n"
        "Graded strengthening of trunk and hips.\nManual therapy for relief in the first weeks.\n"
        "Home programme, ten minutes a day.",
        "frequency": "Once a week for four weeks, then every second week",
        "expected_visits": 8,
        "weeks": 12,
        "review_weeks": 6,
        "goals": [
            _goal("Sit for an hour at work without a break", "60 minutes", weeks=6),
            _goal("Daily life is less limited by the back", "Oswestry below 20 %", measure="odi",
                  weeks=12),
        ],
    },
    {
        "name": "Falls and balance",
        "discipline": "Physiotherapy",
        "interventions": "Balance and strength training, progressed each visit.\n"
        "Look through the home for hazards; shoes, lights, rails.\nPractise getting up from the floor.",
        "frequency": "Twice a week",
        "expected_visits": 16,
        "weeks": 8,
        "review_weeks": 4,
        "goals": [
            _goal("Stand up, walk three metres and back safely", "TUG under 13.5 s", measure="tug",
                  weeks=8),
            _goal("Walk to the shop and back with confidence", "500 m, without a stop", weeks=8),
            _goal("No fall in the next three months", "0 falls", weeks=12),
        ],
    },
    {
        "name": "After a knee replacement",
        "discipline": "Physiotherapy",
        "interventions": "Swelling, wound, gait with the aid.\nRange of motion from the first week.\n"
        "Strength from week three, stairs, cycle.",
        "frequency": "Twice a week for four weeks, then once a week",
        "expected_visits": 14,
        "weeks": 12,
        "review_weeks": 6,
        "goals": [
            _goal("Bend the knee well enough for stairs", "110 degrees", weeks=6),
            _goal("Walk without an aid outdoors", "30 minutes", measure="lefs", weeks=12),
        ],
    },
    {
        "name": "Building daily living skills (NDIS)",
        "discipline": "Occupational therapy",
        "interventions": "Assess tasks where they happen.\nTeach, adapt, practise; equipment trial.\n"
        "Train the people who support.",
        "frequency": "Every second week",
        "expected_visits": 20,
        "weeks": 40,
        "review_weeks": 12,
        "goals": [
            _goal("Prepare a simple meal with prompts only", "4 of 5 times", weeks=20),
            _goal("Use public transport to one regular place", "Alone, there and back", weeks=40),
        ],
    },
    {
        "name": "High-risk foot",
        "discipline": "Podiatry",
        "interventions": "Skin and nail care, offloading, footwear.\nCheck pulses and sensation.\n"
        "Teach daily looking at the feet; whom to call.",
        "frequency": "Every six weeks",
        "expected_visits": 8,
        "weeks": 48,
        "review_weeks": 24,
        "goals": [
            _goal("Feet are looked at every day", "7 days of 7", weeks=6),
            _goal("Skin stays whole", "No ulcer", weeks=48),
        ],
    },
)  # fmt: skip
