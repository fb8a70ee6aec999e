"""A report as a workbook and as a PDF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Font

from ui.pdf import render_pdf
from ui.spreadsheets import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinical.reports.period import Period
    from clinical.reports.selectors import Section

TEMPLATE = Path(__file__).parent / "pdf" / "report.typ"
SHEET_NAME_LENGTH = 31


def workbook(period: Period, sections: Sequence[Section]) -> bytes:
    """Answer an .xlsx with a sheet per section; figures stay figures."""
    book = Workbook(write_only=False)
    for name in book.sheetnames:
        del book[name]
    for section in sections:
        sheet = book.create_sheet(section.title[:SHEET_NAME_LENGTH])
        sheet.append([section.title, period.words])
        sheet.append([section.about])
        sheet.append([])
        bars = [section.share_label or "Share, %"] if _has_shares(section) else []
        sheet.append(["", *section.columns, *bars])
        for row in (1, 4):
            for cell in sheet[row]:
                cell.font = Font(bold=True)
        for line in section.lines:
            share = [line.share] if bars else []
            sheet.append([_plain(line.label), *map(_plain, line.cells), *share])
        sheet.column_dimensions["A"].width = 34
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def pdf(clinic: str, period: Period, sections: Sequence[Section]) -> bytes:
    """Answer the report for printing."""
    return render_pdf(
        TEMPLATE,
        {
            "clinic": clinic,
            "period": period.words,
            "sections": [
                {
                    "title": section.title,
                    "about": section.about,
                    "columns": ["", *section.columns],
                    "rows": [
                        [line.label, *(str(cell) for cell in line.cells)] for line in section.lines
                    ],
                }
                for section in sections
            ],
        },
    )


def _has_shares(section: Section) -> bool:
    return any(line.share is not None for line in section.lines)


def _plain(value: object) -> object:
    """Keep a name from being read as a formula, and a figure a figure."""
    return safe_text(value) if isinstance(value, str) else value
