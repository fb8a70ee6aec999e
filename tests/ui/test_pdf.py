"""PDF files: what people wrote is text, whatever it looks like."""

from __future__ import annotations

import pytest

from ui.pdf import PdfError, render_pdf


@pytest.fixture
def template(tmp_path):
    def write(source: str):
        path = tmp_path / "page.typ"
        head = '#let data = json(bytes(sys.inputs.data))\n#set document(title: "Test")\n'
        path.write_text(head + source)
        return path

    return write


def test_a_template_becomes_a_pdf(template):
    made = render_pdf(template("= #data.title"), {"title": "Report"})

    assert made.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in made, "tagged for screen readers"
    assert b"pdfuaid" in made, "says that it is PDF/UA"


def test_text_of_people_is_never_markup(template):
    hostile = '#panic("ran") $x$ *bold* #read("/etc/passwd") \\ ] } "'

    # Were it read as markup, `panic` would end the compilation.
    assert render_pdf(template("#data.text"), {"text": hostile}).startswith(b"%PDF-")


def test_a_template_reads_nothing_outside_its_folder(template):
    with pytest.raises(PdfError):
        render_pdf(template('#read("/../../etc/hostname")'), {})


def test_a_template_that_lacks_its_data_is_named(template):
    with pytest.raises(PdfError, match=r"page\.typ"):
        render_pdf(template("#data.missing"), {})


def test_an_image_that_nobody_can_hear_is_refused(template):
    svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>"
    drawing = f'#image(bytes("{svg}"), format: "svg")'

    with pytest.raises(PdfError, match=r"alternative text|alt"):
        render_pdf(template(drawing), {})
