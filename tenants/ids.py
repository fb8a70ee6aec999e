"""Row ids: UUID version 7 (RFC 9562), made in Python.

Time-ordered, so indexes stay dense; and never a number, so that a slip finds nothing instead of the
neighbour's row.
"""

from __future__ import annotations

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    return uuid.UUID(int=uuid_utils.uuid7().int)
