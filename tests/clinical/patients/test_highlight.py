from __future__ import annotations

import pytest

from clinical.patients.highlight import highlight


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("North, Ada", "ad no", "<mark>No</mark>rth, <mark>Ad</mark>a"),
        ("O'Brien, Zoë", "obr zoe", "<mark>O&#x27;Br</mark>ien, <mark>Zoë</mark>"),
        ("Smith-Jones", "jon", "Smith-<mark>Jon</mark>es"),
        ("Ada", "0412", "Ada"),
        ("Ada", "", "Ada"),
        ("<b>Ada</b>", "x", "&lt;b&gt;Ada&lt;/b&gt;"),
    ],
)
def test_what_was_typed_is_marked_and_the_rest_is_escaped(text, typed, shown):
    assert highlight(text, typed) == shown
