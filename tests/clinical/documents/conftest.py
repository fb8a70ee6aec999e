"""Files for the tests: drawn, not found."""

from __future__ import annotations

from io import BytesIO

import pytest

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@pytest.fixture
def pdf() -> bytes:
    return PDF


@pytest.fixture
def jpeg():
    """Make a photograph with what a camera writes into it: `jpeg(400, 300, orientation=6)`."""
    from PIL import Image

    def make(width: int = 400, height: int = 300, *, orientation: int = 1) -> bytes:
        image = Image.new("RGB", (width, height), "teal")
        image.paste("orange", (0, 0, width // 2, height // 2))
        exif = image.getexif()
        exif[0x0112] = orientation
        exif[0x010F] = "Camera of Ada North"
        exif.get_ifd(0x8825)[1] = "S"
        exif.get_ifd(0x8825)[2] = (33.0, 52.0, 7.0)
        kept = BytesIO()
        image.save(kept, "JPEG", exif=exif)
        return kept.getvalue()

    return make


@pytest.fixture
def document(patient):
    """Make a row without a file in the running scope: `document(file_name="scan.pdf")`."""
    from clinical.documents.models import Document

    def make(file_name: str = "scan.pdf", **fields):
        if "patient" not in fields:
            fields["patient"] = patient()
        return Document.objects.create(file_name=file_name, **fields)

    return make


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Catch what would be sent to the worker."""
    from clinical.documents import tasks

    caught: list[str] = []
    monkeypatch.setattr(tasks.prepare, "delay", caught.append)
    return caught
