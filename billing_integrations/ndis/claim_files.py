"""The file of a bulk payment request: UTF-8 without a mark, commas, at most 5,000 rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from billing_integrations.ndis.claim_rows import HEADERS
from ui.spreadsheets import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing_integrations.ndis.claim_rows import ClaimRow

MOST_ROWS = 5_000
LONGEST_NAME = 20


def file_name_of(serial: int) -> str:
    """Answer a name of at most twenty characters, the ending included."""
    name = f"ndis-{serial:06d}.csv"
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name} is longer than the portal takes")
    return name


def write_claims(rows: Sequence[ClaimRow]) -> str:
    """Write checked rows. Raises ValueError for what the portal or a spreadsheet would misread.

    Every cell has a strict form, so none can begin a formula; quoting or an apostrophe would make the
    portal refuse the file.
    """
    if not 0 < len(rows) <= MOST_ROWS:
        raise ValueError(f"a file has 1 to {MOST_ROWS} rows, not {len(rows)}")
    if len({row.reference for row in rows}) != len(rows):
        raise ValueError("two rows have the same ClaimReference")
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n", quoting=csv.QUOTE_NONE)
    writer.writerow(HEADERS)
    for row in rows:
        cells = row.cells()
        odd = [cell for cell in cells if safe_text(cell) != cell or not cell.isascii()]
        if odd:
            raise ValueError(f"{row.reference} holds {odd[0]!r}")
        writer.writerow(cells)
    return made.getvalue()
