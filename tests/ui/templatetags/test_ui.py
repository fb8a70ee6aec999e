from __future__ import annotations

import re
from typing import Any

import pytest
from django import forms
from django.template import engines

from ui.templatetags.ui import UnknownToneError
from ui.toasts import add_toast


def draw(source: str, **context: Any) -> str:
    return engines["django"].from_string("{% load ui %}" + source).render(context)


class Visit(forms.Form):
    name = forms.CharField(help_text="As on the card")
    note = forms.CharField(required=False)
    agreed = forms.BooleanField()


def test_what_is_said_inside_a_component_is_escaped_once() -> None:
    page = draw("{% notice %}<p>{{ word }}</p>{% endnotice %}", word="<script>")

    assert "<p>&lt;script&gt;</p>" in page


@pytest.mark.parametrize(
    "source",
    [
        "{% pill word %}",
        "{% avatar word %}{% masked_value word %}",
        "{% copy_button word %}",
        "{% crumb word word %}",
        "{% empty_state title=word text=word %}{% endempty_state %}",
        "{% page_header title=word subtitle=word %}{% endpage_header %}",
        "{% data_table caption=word %}{% enddata_table %}",
        "{% stat word word hint=word %}",
        "{% progress 1 2 label=word detail=word %}",
    ],
)
def test_no_component_lets_markup_through(source: str) -> None:
    page = draw(source, word='"><img src=x onerror=alert(1)>')

    assert "<img" not in page


def test_no_template_has_inline_style_or_handlers(settings: Any) -> None:
    from pathlib import Path

    import ui

    folder = Path(ui.__file__).parent / "templates"
    bad = re.compile(r"""\sstyle=|\son[a-z]+=|hx-on|javascript:|<script(?![^>]*\bsrc=)""")

    assert [
        file.name for file in folder.rglob("*.html") if bad.search(file.read_text(encoding="utf-8"))
    ] == []


def test_an_unknown_tone_is_refused() -> None:
    with pytest.raises(UnknownToneError, match="neutral"):
        draw('{% pill "x" "purple" %}')


def test_a_field_points_to_its_help_and_its_error() -> None:
    page = draw("{% form_fields form %}", form=Visit({}))

    described = re.search(r'<input[^>]*name="name"[^>]*aria-describedby="([^"]+)"', page)
    assert described is not None
    assert described[1].split() == ["id_name_helptext", "id_name_error"]
    assert all(f'id="{anchor}"' in page for anchor in described[1].split())


def test_the_summary_of_errors_links_to_the_fields() -> None:
    page = draw("{% form_errors form %}", form=Visit({}))

    assert "2 things need your attention" in page
    assert re.findall(r'href="(#[^"]+)"', page) == ["#id_name", "#id_agreed"]


def test_optional_fields_are_marked() -> None:
    assert draw("{% form_fields form %}", form=Visit()).count("nx-optional") == 1


def test_a_progress_bar_polls_until_its_address_is_left_away() -> None:
    running = draw('{% progress 30 120 label="Loading" url="/jobs/1/" %}')
    ended = draw('{% progress 120 120 label="Loaded" %}')

    assert 'hx-get="/jobs/1/"' in running
    assert 'value="25"' in running
    assert "hx-get" not in ended


def test_a_wizard_names_the_step_it_is_at() -> None:
    page = draw("{% steps labels 2 %}", labels=["Upload", "Map", "Load"])

    assert page.count('aria-current="step"') == 1
    assert "Step 2 of 3: <strong>Map</strong>" in page


def test_a_toast_joins_what_the_answer_already_triggers() -> None:
    from django.http import HttpResponse

    response = HttpResponse(headers={"HX-Trigger": "refresh"})

    add_toast(response, "Saved")

    assert response["HX-Trigger"] == (
        '{"refresh": null, "nexus:toast": {"text": "Saved", "tone": "success"}}'
    )
