r"""Text that a spreadsheet opens without running it (OWASP: CSV injection).

A text that would be taken for a formula gets an apostrophe before it, and so does a text that
already begins with apostrophes before such a sign: whoever reads the file by machine takes one
apostrophe away from each cell that matches `^'+[=+\-@…]` and has the text as it stood.
"""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def safe_text(text: str) -> str:
    """Answer the text for a cell of a CSV or a workbook."""
    return f"'{text}" if _FORMULA.match(text) else text


def safe_cell(value: object) -> str:
    """Answer any value as such a text; None is an empty one."""
    return "" if value is None else safe_text(str(value))
