from __future__ import annotations

from onboarding.imports.values.text import clean, folded, lines, one_line, storable


def test_filemakers_returns_become_line_ends():
    assert clean("one\rtwo\vthree\x1dfour\r\nfive ") == "one\ntwo\nthree\nfour\nfive"


def test_what_the_database_cannot_hold_is_replaced():
    assert storable("a\x00b\ud83dc") == "a\N{SYMBOL FOR NULL}b\N{REPLACEMENT CHARACTER}c"


def test_a_checkbox_field_is_its_lines():
    assert lines("Yes\r\rNo\r") == ["Yes", "No"]


def test_one_line_has_no_runs_of_blanks():
    assert one_line("  a\r b\t c\N{NO-BREAK SPACE} ") == "a b c"


def test_folding_takes_case_accents_and_marks_away():
    assert folded("O’Brien-Müller,  Zoë") == "o brien muller zoe"
