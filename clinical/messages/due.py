"""Which visits are to be reminded of, by which rule, when: one statement for a whole clinic.

Worked out in the database on each place's own clocks, so that it is right through both changes of the
clock: the moment is the visit's time of day so many days earlier (or so many hours earlier), moved into
the rule's window and, where the rule says so, off the weekend.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections

from clinical.consents.selectors import ELECTRONIC
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

AFTER_HOURS = timedelta(minutes=30)
"""What was due when the window closed may still go out for so long."""
MADE_UP_FOR = timedelta(hours=36)
"""So late a reminder may still go out: the platform may have been down."""
_MOST_SHIFT = timedelta(days=4)
"""Over a weekend, into the evening before, and a day for the zones."""

# The wall's policies stand on each table; nothing here names a clinic but its zone.
DUE = """
WITH rule AS (
    SELECT r.*, t.channel
    FROM clinic_messages_reminderrule r
    JOIN clinic_messages_messagetemplate t ON t.id = r.template_id
    WHERE r.is_on
), visit AS (
    SELECT a.id, a.patient_id, a.location_id, a.appointment_type_id, a.practitioner_id, a.starts_at,
        a.status, a.created_at, a.video_link, COALESCE(NULLIF(l.time_zone, ''), %(zone)s) AS zone
    FROM appointments_appointment a
    LEFT JOIN practice_location l ON l.id = a.location_id
    WHERE a.starts_at > %(first_start)s AND a.starts_at <= %(last_start)s
        AND a.patient_id IS NOT NULL AND a.status IN ('booked', 'confirmed')
        AND (%(visit)s::uuid IS NULL OR a.id = %(visit)s::uuid)
), fitting AS (
    SELECT v.*, r.id AS rule_id, r.channel, r.template_id, r.fallback_id, r.notice_hours,
        r.skips_confirmed, r.on_since, r.window_from, r.window_until, r.avoids_weekends, r.unit,
        CASE r.unit WHEN 'days'
            THEN (v.starts_at AT TIME ZONE v.zone) - make_interval(days => r.amount)
            ELSE (v.starts_at - make_interval(hours => r.amount)) AT TIME ZONE v.zone
        END AS plain,
        rank() OVER (PARTITION BY v.id, r.channel ORDER BY
            2 * (r.appointment_type_id IS NOT NULL)::int + (r.location_id IS NOT NULL)::int DESC
        ) AS place
    FROM visit v
    JOIN rule r ON (r.appointment_type_id IS NULL OR r.appointment_type_id = v.appointment_type_id)
        AND (r.location_id IS NULL OR r.location_id = v.location_id)
), windowed AS (
    SELECT f.*, CASE
        WHEN f.plain::time > f.window_until THEN f.plain::date + f.window_until
        WHEN f.plain::time < f.window_from AND f.unit = 'days' THEN f.plain::date + f.window_from
        WHEN f.plain::time < f.window_from THEN f.plain::date - 1 + f.window_until
        ELSE f.plain END AS inside
    FROM fitting f WHERE f.place = 1
), timed AS (
    SELECT w.*, (w.inside - make_interval(days => CASE WHEN w.avoids_weekends
        THEN GREATEST(extract(isodow FROM w.inside)::int - 5, 0) ELSE 0 END)
        ) AT TIME ZONE w.zone AS due_at
    FROM windowed w
)
SELECT d.id AS appointment_id, d.patient_id, d.rule_id, d.channel, d.template_id, d.fallback_id,
    d.starts_at, d.due_at, d.zone, d.status, d.video_link,
    d.due_at < d.on_since AS is_before_rule,
    d.due_at < d.created_at AS is_booked_after,
    d.starts_at - d.created_at < make_interval(hours => d.notice_hours) AS is_short_notice,
    d.skips_confirmed AND d.status = 'confirmed' AS is_confirmed,
    p.is_archived, p.preferred_name, p.given_names, p.family_name, p.number AS patient_number,
    d.location_id, coalesce(k.setting, '') AS setting, coalesce(c.name, '') AS clinician,
    coalesce((SELECT o.normalised FROM patients_contactpoint o WHERE o.patient_id = d.patient_id
        AND (o.normalised ~ '^04[0-9]{8}$'
            OR o.kind = 'mobile' AND o.normalised ~ '^[+][1-9][0-9]{6,14}$')
        ORDER BY array_position(ARRAY['mobile', 'home', 'work', 'email', 'other'], o.kind::text), o.id
        LIMIT 1), '') AS mobile,
    coalesce((SELECT o.value FROM patients_contactpoint o WHERE o.patient_id = d.patient_id
        AND o.kind = 'email' ORDER BY o.id LIMIT 1), '') AS mail,
    coalesce(w.no_sms, false) AS no_sms, coalesce(w.no_email, false) AS no_email,
    coalesce((SELECT s.answer <> 'given' FROM consents_consent s
        JOIN consents_consentkind sk ON sk.id = s.kind_id AND sk.key = %(electronic)s
        WHERE s.patient_id = d.patient_id
        ORDER BY s.answered_on DESC, s.recorded_at DESC, s.id DESC LIMIT 1), false) AS is_refused,
    m.id AS reminder_id, coalesce(m.state, '') AS state, coalesce(m.problem, '') AS problem,
    coalesce(m.by, '') AS by
FROM timed d
JOIN patients_patient p ON p.id = d.patient_id AND p.merged_into_id IS NULL
LEFT JOIN practice_appointmenttype k ON k.id = d.appointment_type_id
LEFT JOIN practice_practitioner c ON c.id = d.practitioner_id
LEFT JOIN consents_contactpreference w ON w.patient_id = d.patient_id
LEFT JOIN clinic_messages_reminder m
    ON m.appointment_id = d.id AND m.rule_id = d.rule_id AND m.starts_at = d.starts_at
WHERE d.due_at > %(after)s AND d.due_at <= %(until)s
    AND (NOT %(only_new)s OR m.id IS NULL)
    AND (NOT %(only_open)s
        OR (%(now)s AT TIME ZONE d.zone)::time >= d.window_from
            AND (%(now)s AT TIME ZONE d.zone)::time - d.window_until <= %(after_hours)s)
ORDER BY d.due_at, d.starts_at, d.id, d.rule_id
"""


@dataclass(frozen=True)
class Due:
    """One visit and one rule, with all that decides whether and how it is reminded of."""

    appointment_id: UUID
    patient_id: UUID
    rule_id: UUID
    channel: str
    template_id: UUID
    fallback_id: UUID | None
    starts_at: datetime
    due_at: datetime
    zone: str
    status: str
    video_link: str
    is_before_rule: bool
    is_booked_after: bool
    is_short_notice: bool
    is_confirmed: bool
    is_archived: bool
    preferred_name: str
    given_names: str
    family_name: str
    patient_number: int
    location_id: UUID | None
    setting: str
    clinician: str
    mobile: str
    mail: str
    no_sms: bool
    no_email: bool
    is_refused: bool
    reminder_id: UUID | None
    state: str
    problem: str
    by: str

    @property
    def name(self) -> str:
        names = f"{self.given_names} {self.family_name}".strip()
        return names or self.preferred_name or f"Patient {self.patient_number}"


def due_between(
    after: datetime,
    until: datetime,
    *,
    now: datetime,
    zone: str,
    only_new: bool = False,
    only_open: bool = False,
    visit: UUID | None = None,
) -> list[Due]:
    """Answer what is due in a span of time, the earliest first; visits that have begun are left out.

    `zone`: the practice's. `only_new`: without what has a row already. `only_open`: only what its
    rule's window allows now. `visit`: of this one alone.
    """
    amount = _longest_offset()
    if amount is None:
        return []
    values: dict[str, Any] = {
        "zone": zone,
        "first_start": max(now, after),
        "last_start": until + amount + _MOST_SHIFT,
        "after": after,
        "until": until,
        "now": now,
        "only_new": only_new,
        "only_open": only_open,
        "after_hours": AFTER_HOURS,
        "electronic": ELECTRONIC,
        "visit": visit,
    }
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(DUE, values)
        return [Due(*row) for row in cursor.fetchall()]


def _longest_offset() -> timedelta | None:
    """Answer how long before a visit the earliest rule speaks; None without any rule."""
    from clinical.messages.models import ReminderRule

    days = [
        rule.amount if rule.unit == ReminderRule.Unit.DAYS else rule.amount / 24
        for rule in ReminderRule.objects.filter(is_on=True).only("amount", "unit")
    ]
    return timedelta(days=max(days)) if days else None
