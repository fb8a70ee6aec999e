"""Outcome measures as data: one JSON file each below `instruments/`, read once and checked whole.

A file says what is asked, what each answer is worth, how the answers become a score, what the score
means, how large a change matters, and under which licence all that may be used. Nothing in it runs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent / "instruments"
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
TONES = frozenset({"neutral", "info", "success", "warning", "danger"})

Method = Literal["sum", "mean", "mean_scaled", "percentage", "value", "average", "best", "speed"]
METHODS = frozenset(Method.__args__)  # type: ignore[attr-defined]
KINDS = frozenset({"choice", "rating", "number", "own_rating"})
LICENCES = frozenset({"free", "licence_needed", "unclear"})


class InstrumentError(ValueError):
    """A file does not describe an instrument; the message names the file and the place."""


@dataclass(frozen=True)
class Option:
    points: int
    label: str


@dataclass(frozen=True)
class Item:
    """One question. A `rating` runs in whole steps; an `own_rating` is of something the person names."""

    key: str
    text: str
    kind: str
    options: tuple[Option, ...] = ()
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)
    decimals: int = 0
    unit: str = ""
    low: str = ""
    high: str = ""
    default: str = ""
    scored: bool = True
    optional: bool = False
    subscore: str = ""
    """How its figure is called beside the score, where it is one."""
    alert_from: int | None = None
    alert: str = ""

    @property
    def is_written(self) -> bool:
        return self.kind == "own_rating"

    @property
    def label_of(self) -> dict[int, str]:
        return {option.points: option.label for option in self.options}


@dataclass(frozen=True)
class Section:
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Licence:
    """`wording` says whether the instrument's own text stands here; `note` says why, or why not."""

    status: str
    commercial_use: bool
    wording: bool
    note: str

    @property
    def label(self) -> str:
        return {"free": "Free to use", "licence_needed": "Own licence needed"}.get(
            self.status, "Licence unclear"
        )


@dataclass(frozen=True)
class Scoring:
    """How answers become the score. At most `missing` scored answers may be left out."""

    method: str
    missing: int = 0
    fill: str = ""
    distance: str = ""
    """For a speed: the item with the metres; the scored ones are seconds."""
    source: str = ""


@dataclass(frozen=True)
class Band:
    key: str
    label: str
    lowest: Decimal
    tone: str


@dataclass(frozen=True)
class Difference:
    """How large a change must be; `values` are (first score from, change) in ascending order."""

    values: tuple[tuple[Decimal, Decimal], ...]
    source: str
    population: str

    def at(self, before: Decimal) -> Decimal:
        fitting = [value for lowest, value in self.values if lowest <= before]
        return fitting[-1] if fitting else self.values[0][1]


@dataclass(frozen=True)
class NormRow:
    sex: str
    age_from: int
    age_to: int
    below: Decimal


@dataclass(frozen=True)
class Norms:
    """Bands that depend on sex and age: below the row's value, or not."""

    source: str
    rows: tuple[NormRow, ...]
    below: Band
    above: Band


@dataclass(frozen=True)
class Prediction:
    """What a healthy person of that sex, age and size reaches; a sum of weighted figures."""

    label: str
    source: str
    needs: tuple[str, ...]
    age_from: int
    age_to: int
    weights: dict[str, dict[str, Decimal]]


@dataclass(frozen=True)
class Timer:
    """A clock on the page: counts `up`, or `down` from seconds."""

    kind: str
    seconds: int = 0


@dataclass(frozen=True)
class Instrument:
    code: str
    version: str
    name: str
    short: str
    group: str
    about: str
    source: str
    licence: Licence
    instruction: str
    by_patient: bool
    direction: str
    unit: str
    decimals: int
    minimum: Decimal
    maximum: Decimal
    interval_days: int
    sections: tuple[Section, ...]
    scoring: Scoring
    bands: tuple[Band, ...] = ()
    bands_source: str = ""
    norms: Norms | None = None
    important: Difference | None = None
    detectable: Difference | None = None
    prediction: Prediction | None = None
    timer: Timer | None = None
    items: tuple[Item, ...] = field(default=())

    @property
    def higher_is_better(self) -> bool:
        return self.direction == "higher"

    @property
    def scored_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)

    @property
    def is_score_only(self) -> bool:
        """The clinic fills in a form of its own and enters what came out."""
        return self.licence.status == "licence_needed"

    @property
    def field_name(self) -> str:
        """How letters name it: a field knows no hyphen."""
        return self.code.replace("-", "_")

    def item(self, key: str) -> Item | None:
        return next((item for item in self.items if item.key == key), None)

    def band_labelled(self, key: str) -> Band | None:
        bands = (*self.bands, *((self.norms.below, self.norms.above) if self.norms else ()))
        return next((band for band in bands if band.key == key), None)


@cache
def _all_versions() -> dict[tuple[str, str], Instrument]:
    found: dict[tuple[str, str], Instrument] = {}
    for path in sorted(FOLDER.glob("*.json")):
        instrument = read_instrument(json.loads(path.read_text(), parse_float=Decimal), path.name)
        found[instrument.code, instrument.version] = instrument
    return found


@cache
def all_instruments() -> dict[str, Instrument]:
    """Answer the newest version of each, by code, in the order of group and name."""
    newest: dict[str, Instrument] = {}
    for (code, version), instrument in _all_versions().items():
        if code not in newest or int(version) > int(newest[code].version):
            newest[code] = instrument
    return dict(sorted(newest.items(), key=lambda pair: (pair[1].group, pair[1].name)))


def get_instrument(code: str, version: str = "") -> Instrument:
    """Answer an instrument, the newest where no version is named; raises KeyError."""
    if version:
        found = _all_versions().get((code, version))
        if found is not None:
            return found
    return all_instruments()[code]


# ── reading a file ───────────────────────────────────────────────────────────────────────────────

_REQUIRED = frozenset(
    "code version name short group about source licence instruction by_patient direction unit "
    "decimals minimum maximum interval_days sections scoring bands".split()
)
_ALLOWED = _REQUIRED | frozenset(
    "scales bands_source norms important detectable prediction timer".split()
)
_ITEM_KEYS = frozenset(
    "key text kind scale minimum maximum decimals unit low high default scored optional subscore "
    "alert_from alert".split()
)


def read_instrument(raw: dict[str, Any], name: str) -> Instrument:
    """Read what a file says; raises InstrumentError naming what is wrong with it."""
    try:
        instrument = _read(raw)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InstrumentError(f"{name}: {error!r}") from error
    _check(instrument, name)
    return instrument


def _read(raw: dict[str, Any]) -> Instrument:
    _only(raw, _ALLOWED, _REQUIRED)
    scales = {
        key: tuple(Option(int(one["points"]), str(one["label"])) for one in options)
        for key, options in raw.get("scales", {}).items()
    }
    sections = tuple(
        Section(one["title"], tuple(_read_item(item, scales) for item in one["items"]))
        for one in raw["sections"]
    )
    plain = {
        key: raw[key]
        for key in (
            "code version name short group about source instruction by_patient direction unit "
            "decimals interval_days"
        ).split()
    }
    return Instrument(
        **plain,
        licence=Licence(**raw["licence"]),
        minimum=Decimal(raw["minimum"]),
        maximum=Decimal(raw["maximum"]),
        sections=sections,
        scoring=Scoring(**raw["scoring"]),
        bands=tuple(_read_band(band) for band in raw["bands"]),
        bands_source=raw.get("bands_source", ""),
        norms=_read_norms(raw["norms"]) if "norms" in raw else None,
        important=_read_difference(raw.get("important")),
        detectable=_read_difference(raw.get("detectable")),
        prediction=_read_prediction(raw["prediction"]) if "prediction" in raw else None,
        timer=Timer(**raw["timer"]) if "timer" in raw else None,
        items=tuple(item for section in sections for item in section.items),
    )


def _read_item(raw: dict[str, Any], scales: dict[str, tuple[Option, ...]]) -> Item:
    _only(raw, _ITEM_KEYS, frozenset({"key", "text", "kind"}))
    plain = {key: value for key, value in raw.items() if key not in {"scale", "minimum", "maximum"}}
    options = scales[raw["scale"]] if raw["kind"] == "choice" else ()
    lowest = options[0].points if options else raw["minimum"]
    highest = options[-1].points if options else raw["maximum"]
    return Item(**plain, options=options, minimum=Decimal(lowest), maximum=Decimal(highest))


def _read_band(raw: dict[str, Any]) -> Band:
    return Band(raw["key"], raw["label"], Decimal(raw["from"]), raw["tone"])


def _read_difference(raw: dict[str, Any] | None) -> Difference | None:
    if raw is None:
        return None
    values = raw.get("values") or [{"from": "-Infinity", "value": raw["value"]}]
    return Difference(
        tuple((Decimal(one["from"]), Decimal(one["value"])) for one in values),
        raw["source"],
        raw["population"],
    )


def _read_norms(raw: dict[str, Any]) -> Norms:
    rows = tuple(
        NormRow(row["sex"], row["age_from"], row["age_to"], Decimal(row["below"]))
        for row in raw["rows"]
    )
    return Norms(
        raw["source"],
        rows,
        Band("below_norm", raw["below_label"], Decimal(0), raw["below_tone"]),
        Band("norm", raw["above_label"], Decimal(0), raw["above_tone"]),
    )


def _read_prediction(raw: dict[str, Any]) -> Prediction:
    return Prediction(
        raw["label"],
        raw["source"],
        tuple(raw["needs"]),
        raw["age_from"],
        raw["age_to"],
        {
            sex: {name: Decimal(weight) for name, weight in raw[sex].items()}
            for sex in ("male", "female")
        },
    )


def _only(raw: dict[str, Any], allowed: frozenset[str], required: frozenset[str]) -> None:
    if unknown := set(raw) - allowed:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if missing := required - set(raw):
        raise ValueError(f"missing: {', '.join(sorted(missing))}")


def _check(instrument: Instrument, name: str) -> None:
    scoring, items, scored = instrument.scoring, instrument.items, instrument.scored_items
    bands = [band.lowest for band in instrument.bands]
    keys = [item.key for item in items]
    rules = {
        "the file is named by its code": name.startswith(instrument.code),
        "the code is lower case": bool(KEY.fullmatch(instrument.code)),
        "the version is a number": instrument.version.isdecimal(),
        "every text is there": all(
            (instrument.name, instrument.short, instrument.source, instrument.licence.note)
        ),
        "the direction is higher or lower": instrument.direction in {"higher", "lower"},
        "the range is one": instrument.minimum < instrument.maximum,
        "the interval is days": instrument.interval_days > 0,
        "a licence is one of ours": instrument.licence.status in LICENCES,
        "wording stands only where it is free": instrument.licence.wording
        <= (instrument.licence.status == "free"),
        "the method is one of ours": scoring.method in METHODS,
        "fill is one of ours": scoring.fill in {"", "prorate"},
        "a sum with gaps fills them": scoring.method != "sum"
        or not scoring.missing
        or scoring.fill == "prorate",
        "something is scored": bool(scored),
        "not all may be missing": 0 <= scoring.missing < len(scored),
        "keys are unique": len(keys) == len(set(keys)),
        "keys are plain": all(KEY.fullmatch(key) for key in keys),
        "kinds are ours": all(item.kind in KINDS for item in items),
        "an item has a range": all(item.minimum < item.maximum for item in items),
        "a value is of one item": scoring.method != "value" or len(scored) == 1,
        "a speed has its distance": scoring.method != "speed" or scoring.distance in keys,
        "a prediction has its figures": instrument.prediction is None
        or set(instrument.prediction.needs) <= set(keys),
        "bands ascend": bands == sorted(set(bands)),
        "bands begin with the range": not bands or bands[0] == instrument.minimum,
        "tones are ours": all(band.tone in TONES for band in instrument.bands),
        "an alert says why": all(bool(item.alert) for item in items if item.alert_from is not None),
        "what a patient fills in is free": instrument.licence.wording or not instrument.by_patient,
    }
    if broken := [rule for rule, holds in rules.items() if not holds]:
        raise InstrumentError(f"{name}: not so: {'; '.join(broken)}")
