"""Copies an access of the running clinic to where the operators read it, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenants.scope import current_scope, shared_rows

if TYPE_CHECKING:
    from datetime import datetime

    from support.models import Access

_COPY = """
INSERT INTO public.support_desk_case (id, tenant_id, kind, state, reason, mode, minutes, operator_id,
  operator_name, asked_at, decided_by, decided_at, ends_at, ended_at, ended_by, entered_at, letter_waits)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, mode = EXCLUDED.mode,
  minutes = EXCLUDED.minutes, decided_by = EXCLUDED.decided_by, decided_at = EXCLUDED.decided_at,
  ends_at = EXCLUDED.ends_at, ended_at = EXCLUDED.ended_at, ended_by = EXCLUDED.ended_by,
  entered_at = coalesce(EXCLUDED.entered_at, support_desk_case.entered_at),
  letter_waits = EXCLUDED.letter_waits
"""
_OPEN = "SELECT 1 FROM public.support_desk_case WHERE id = %s AND shut_at IS NULL"


def mirror(access: Access, *, entered_at: datetime | None = None) -> None:
    """Write the copy. The shared tables are not in a clinic's search path, so by their full name."""
    scope = current_scope()
    with shared_rows() as cursor:
        cursor.execute(
            _COPY,
            [
                access.pk, scope.tenant_id, access.kind, access.state, access.reason, access.mode,
                access.minutes, access.operator_id, access.operator_name, access.asked_at,
                access.decided_by, access.decided_at, access.ends_at, access.ended_at,
                access.ended_by, entered_at, bool(access.letter),
            ],
        )  # fmt: skip


def is_shut(access: Access) -> bool:
    """Answer whether the clinic was closed since; an access without a copy opens nothing either."""
    with shared_rows() as cursor:
        cursor.execute(_OPEN, [access.pk])
        return cursor.fetchone() is None
