from __future__ import annotations

from django.template.loader import render_to_string

from ui.stencils import fill

TEMPLATE = "ui/components/empty_state.html"


def test_a_stencil_says_what_its_template_says_and_renders_it_once(monkeypatch):
    calls = []

    def counted(template, context):
        calls.append(template)
        return render_to_string(template, context)

    monkeypatch.setattr("ui.stencils.render_to_string", counted)
    for title in ("Nobody <here>", "No & one"):
        expected = render_to_string(TEMPLATE, {"icon": "users", "title": title, "text": "T"})

        assert fill(TEMPLATE, {"icon": "users"}, title=title, text="T") == expected
    assert len(calls) == 1
