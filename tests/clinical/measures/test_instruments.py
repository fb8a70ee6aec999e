"""What the data files say: whole, and without a word that is not free."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from clinical.measures.instruments import (
    FOLDER,
    InstrumentError,
    all_instruments,
    get_instrument,
    read_instrument,
)
from ui.icons import icon_svg

WANTED = {
    "berg", "6mwt", "tug", "10mwt", "30cst", "nprs", "phq-9", "gad-7", "k10", "psfs", "lefs", "ndi",
    "odi", "quickdash", "dash", "copm", "eq-5d-5l", "sf-12",
}  # fmt: skip


def _raw(code: str) -> dict:
    return json.loads((FOLDER / f"{code}.json").read_text(), parse_float=Decimal)


def test_every_file_is_an_instrument_and_all_that_were_wanted_are_there():
    assert set(all_instruments()) == WANTED
    assert {path.stem for path in FOLDER.glob("*.json")} == WANTED


def test_each_names_its_source_and_licence_and_what_a_change_is_worth():
    for instrument in all_instruments().values():
        assert len(instrument.source) > 40, instrument.code
        assert len(instrument.licence.note) > 40, instrument.code
        for difference in (instrument.important, instrument.detectable):
            if difference is not None:
                assert difference.source, instrument.code
                assert difference.population, instrument.code
                assert all(value > 0 for _, value in difference.values), instrument.code


def test_what_needs_a_licence_asks_for_its_score_and_nothing_else():
    closed = [one for one in all_instruments().values() if one.licence.status == "licence_needed"]

    assert {one.code for one in closed} == {
        "ndi", "odi", "dash", "quickdash", "lefs", "copm", "eq-5d-5l", "sf-12",
    }  # fmt: skip
    for instrument in closed:
        assert all(item.kind == "number" for item in instrument.items), instrument.code
        assert len(instrument.items) <= 2, instrument.code
        assert not instrument.by_patient, instrument.code


def test_the_berg_scale_names_its_tasks_without_their_criteria():
    berg = get_instrument("berg")

    assert len(berg.items) == 14
    assert all(not item.options and len(item.text) < 45 for item in berg.items)


def test_an_unknown_version_is_answered_by_the_newest():
    assert get_instrument("phq-9", "99") is all_instruments()["phq-9"]
    with pytest.raises(KeyError):
        get_instrument("no-such")


def test_a_file_that_is_not_one_is_refused_with_the_place():
    def _broken(code: str = "phq-9", **changes: object) -> dict:
        return {**_raw(code), **changes}

    for raw, said in (
        ({}, "missing"),
        (_broken(surprise=1), "surprise"),
        (_broken(direction="sideways"), "direction"),
        (_broken(scoring={"method": "eval"}), "method"),
        (_broken(scoring={"method": "sum", "missing": 9}), "missing"),
        (_broken(scoring={"method": "sum", "missing": 1}), "fills"),
        (_broken(bands=_raw("phq-9")["bands"][1:]), "begin"),
        (_broken(bands=_raw("phq-9")["bands"][::-1]), "ascend"),
        (_broken("ndi", by_patient=True), "free"),
        (_broken(licence={**_raw("ndi")["licence"], "wording": True}), "wording"),
    ):
        with pytest.raises(InstrumentError, match=said):
            read_instrument(raw, "phq-9.json" if raw.get("code") == "phq-9" else "ndi.json")


def test_the_icons_of_changes_exist():
    for name in ("equal", "trending-up", "trending-down", "chart-line"):
        assert "<svg" in icon_svg(name)
