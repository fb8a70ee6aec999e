"""Rules to switch on: a clinic adds them, switched off, and makes them its own."""

from __future__ import annotations

from typing import Any

_CARE = ["owner", "admin", "clinician"]
_ALL = ["owner", "admin", "clinician", "reception"]


def _rule(
    key: str, name: str, text: str, *conditions: dict[str, Any], roles: list[str], **more: Any
) -> dict[str, Any]:
    return {
        "standard_key": key,
        "name": name,
        "text": text,
        "conditions": list(conditions),
        "roles": roles,
        **more,
    }


STANDARD = (
    _rule("review_due", "Plan review due", "Go through the treatment plan with the patient.",
          {"kind": "review_due", "number": 7}, roles=_CARE, in_diary=True),
    _rule("measure_worse", "Measure got worse",
          "A measure has got worse by more than matters. Look for why.",
          {"kind": "measure_worse"}, roles=_CARE, severity="danger", in_diary=True),
    _rule("measure_due", "Measure due again", "Take the outcome measure again, or send the link.",
          {"kind": "measure_due"}, roles=_CARE, severity="info"),
    _rule("falls", "Falls risk in the elderly",
          "Slow to stand up and walk: ask about falls and look at balance.",
          {"kind": "older", "number": 65},
          {"kind": "measure_score", "code": "tug", "compare": "least", "number": 14},
          roles=_CARE, severity="danger", in_diary=True),
    _rule("mood", "Low mood", "The last PHQ-9 was high. Ask how the patient is, and about safety.",
          {"kind": "measure_score", "code": "phq-9", "compare": "least", "number": 15},
          roles=_CARE, severity="danger"),
    _rule("allergies", "Allergies not asked", "Ask about allergies, and note when there are none.",
          {"kind": "allergies_unknown"}, {"kind": "visit_today"}, roles=_CARE, severity="info"),
    _rule("medicines", "Medications to go through", "Go through the medications with the patient.",
          {"kind": "medicines_unreviewed", "number": 12}, roles=_CARE, severity="info"),
    _rule("results", "Result to be reviewed", "A result from the laboratory waits to be seen.",
          {"kind": "result_waits"}, roles=_CARE, in_diary=True),
    _rule("plan_ends", "Funding plan ends soon",
          "Talk about what comes after; write the report in time.",
          {"kind": "plan_ends", "number": 42}, roles=_ALL, in_diary=True),
    _rule("referral", "Referral runs out", "Ask for another referral before the next booking.",
          {"kind": "referral_sessions", "number": 1}, {"kind": "referral_ends", "number": 21},
          roles=_ALL, match="any", in_diary=True),
    _rule("consent", "Consent missing", "Ask for the consent that is missing.",
          {"kind": "consent_missing"}, {"kind": "visit_today"}, roles=_ALL, in_diary=True),
    _rule("lost", "Not seen for long", "Ring up: no visit for six weeks, and none is booked.",
          {"kind": "no_visit", "number": 6}, roles=_ALL, severity="info"),
    _rule("missed", "Misses visits", "Two visits missed in three months: ask what would help.",
          {"kind": "missed", "number": 2}, roles=_ALL, severity="info", in_diary=True),
)  # fmt: skip
