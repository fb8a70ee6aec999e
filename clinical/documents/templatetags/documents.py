"""How files look in lists. `{% load documents %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from clinical.documents.models import Document

register = template.Library()

_ICONS = (
    ("application/pdf", "file-type-pdf"),
    ("image/", "photo"),
    ("video/", "movie"),
    ("audio/", "volume"),
    ("text/csv", "file-spreadsheet"),
    ("text/", "file-text"),
    ("application/msword", "file-word"),
    ("application/rtf", "file-text"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml", "file-word"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml", "file-spreadsheet"),
    ("application/vnd.ms-excel", "file-spreadsheet"),
    ("application/zip", "file-zip"),
    ("application/dicom", "photo-scan"),
    ("message/rfc822", "mail"),
)
_NAMES = {
    "application/pdf": "PDF",
    "image/jpeg": "Photo (JPEG)",
    "image/png": "Image (PNG)",
    "image/tiff": "Image (TIFF)",
    "image/heic": "Photo (HEIC)",
    "image/svg+xml": "Drawing (SVG)",
    "application/msword": "Word document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "application/vnd.ms-excel": "Excel workbook",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel workbook",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint slides",
    "application/rtf": "Rich text",
    "application/dicom": "Medical image (DICOM)",
    "application/zip": "Archive (ZIP)",
    "application/octet-stream": "File of an unknown kind",
    "message/rfc822": "E-mail",
    "text/plain": "Text",
    "text/csv": "Table (CSV)",
}


@register.filter
def file_icon(document: Document) -> str:
    """Name the icon of what kind of file it is."""
    if document.kind == "image" and not document.media_type:
        return "photo"
    return next((icon for start, icon in _ICONS if document.media_type.startswith(start)), "file")


@register.filter
def file_kind(document: Document) -> str:
    """Name the kind of file in a word."""
    return _NAMES.get(document.media_type) or f"A file of kind {document.media_type}"
