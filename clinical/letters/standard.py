"""Templates to begin with: a clinic adds them to its library and makes them its own."""

from __future__ import annotations

STANDARD = (
    (
        "Report to the referrer",
        "{{patient.full_name}}, born {{patient.date_of_birth}}",
        """Dear {{recipient.greeting}},

Thank you for referring {{patient.full_name}}, whom I last saw on {{last_visit}}.

Findings


Treatment so far


Plan


Please call me on {{location.phone}} if you have any questions.

Kind regards,""",
    ),
    (
        "Thank you for the referral",
        "{{patient.full_name}}, born {{patient.date_of_birth}}",
        """Dear {{recipient.greeting}},

Thank you for referring {{patient.full_name}}.

A first visit is booked for {{next_visit}}, and I will write to you afterwards.

Kind regards,""",
    ),
    (
        "Certificate of attendance",
        "Certificate of attendance",
        """To whom it may concern,

{{patient.full_name}}, born {{patient.date_of_birth}}, attended {{practice.name}} on {{last_visit}}.

{{clinician.name}}
{{clinician.discipline}}""",
    ),
    (
        "Support letter for the NDIS",
        "{{patient.full_name}}, NDIS number {{patient.ndis}}",
        """To the planner,

{{patient.preferred_name}} has been seen by us since their referral.

Their present plan ends on {{patient.plan_end}}.

Functional capacity


Supports that are recommended, and why


Yours sincerely,""",
    ),
)
"""Name, subject, body."""
