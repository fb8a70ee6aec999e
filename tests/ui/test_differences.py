from __future__ import annotations

from ui.differences import MOST_WORDS, Piece, differences


def test_words_that_differ_are_named():
    assert differences("Walk every day.", "Swim every second day.") == [
        Piece("removed", "Walk"),
        Piece("added", "Swim"),
        Piece("kept", " every "),
        Piece("added", "second "),
        Piece("kept", "day."),
    ]


def test_long_texts_are_compared_by_lines():
    before = "a line\n" * MOST_WORDS
    pieces = differences(before, before + "the end")

    assert pieces == [Piece("kept", before), Piece("added", "the end")]
