"""PDF files from typst templates.

A template is code of ours. What people wrote reaches it as data and is never read as markup:
    #let data = json(bytes(sys.inputs.data))
    #data.title
The compiler reads nothing outside the template's folder, brings its own fonts (Libertinus Serif,
New Computer Modern, DejaVu Sans Mono) and makes PDF/UA-1: tagged for screen readers, with title and
language. A template that is not accessible (an image without `alt`, no title) does not compile.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typst
from django.core.serializers.json import DjangoJSONEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class PdfError(RuntimeError):
    """The PDF could not be made; the message is for a developer, never for a page."""


def render_pdf(template_path: Path, data: Mapping[str, Any]) -> bytes:
    """Answer the PDF of a template, which finds `data` under `sys.inputs.data` as JSON.

    Raises PdfError where the template does not compile with the data.
    """
    inputs = {"data": json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)}
    try:
        made = typst.compile(
            str(template_path),
            root=str(template_path.parent),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards="ua-1",
        )
    except typst.TypstError as error:
        raise PdfError(f"{template_path.name}: {error.message}") from error
    if not isinstance(made, bytes):
        raise PdfError(f"{template_path.name} became {type(made).__name__}, not one file")
    return made
