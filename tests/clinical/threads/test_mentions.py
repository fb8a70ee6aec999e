from __future__ import annotations

import pytest

from clinical.threads.mentions import pieces


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("@Kim please", ["@Kim"]),
        ("see @kim lee, and @Kim.", ["@kim lee", "@Kim"]),
        ("(@Kim)", ["@Kim"]),
        ("@Kimberley is somebody else", []),
        ("mail kim@kim.example", []),
        ("@@Kim", []),
        ("@O'Hara-Smith?", ["@O'Hara-Smith"]),
        ("nothing", []),
    ],
)
def test_only_whole_names_after_an_at_are_mentions(body, marked):
    cut = pieces(body, ["Kim", "Kim Lee", "O'Hara-Smith", ""])

    assert [piece.text for piece in cut if piece.is_mention] == marked
    assert "".join(piece.text for piece in cut) == body
