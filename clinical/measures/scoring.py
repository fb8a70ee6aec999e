"""From answers to a score: what the instrument's data say, in exact figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinical.measures.instruments import Band, Instrument, Item

OWN_WORDS = 120
Answers = dict[str, Any]
"""Item → whole points, a figure as text, or {"words", "points"} for what the person named."""


class AnswerError(ValueError):
    """An answer that the item does not have; the message is for a person."""

    def __init__(self, item: Item, message: str) -> None:
        super().__init__(message)
        self.item = item


@dataclass(frozen=True)
class Person:
    """What norms and predictions ask of the patient."""

    sex: str = ""
    age: int | None = None


@dataclass(frozen=True)
class Result:
    """`score` is None where too much is missing. `filled` says that gaps took the others' average."""

    score: Decimal | None
    band: Band | None = None
    subscores: dict[str, Decimal] = field(default_factory=dict)
    answered: int = 0
    wanted: int = 0
    missing: tuple[Item, ...] = ()
    filled: bool = False
    alerts: tuple[Item, ...] = ()


def read_answer(item: Item, text: str, words: str = "") -> Any:
    """Read what was typed for an item; None where nothing was. Raises AnswerError."""
    text, words = text.strip(), " ".join(words.replace("\x00", "").split())[:OWN_WORDS]
    if item.is_written:
        if not text and not words:
            return None
        return {"words": words, "points": _whole(item, text) if text else None}
    if not text:
        return None
    if item.kind == "number":
        return format(_figure(item, text), "f")
    return _whole(item, text)


def points_of(item: Item, answers: Mapping[str, Any]) -> Decimal | None:
    """Answer what the item's answer is worth; None where there is none."""
    answer = answers.get(item.key)
    if isinstance(answer, dict):
        answer = answer.get("points")
    return None if answer is None or answer == "" else Decimal(str(answer))


def score(
    instrument: Instrument, answers: Mapping[str, Any], person: Person | None = None
) -> Result:
    """Score the answers by the instrument's rule."""
    person = person or Person()
    scored = [(item, points_of(item, answers)) for item in instrument.scored_items]
    given = [(item, points) for item, points in scored if points is not None]
    missing = tuple(item for item, points in scored if points is None)
    is_enough = bool(given) and len(missing) <= instrument.scoring.missing
    value = _value(instrument, given, answers) if is_enough else None
    if value is not None:
        value = rounded(value, instrument.decimals)
    return Result(
        score=value,
        band=_band(instrument, value, person),
        subscores=_subscores(instrument, answers, value, person),
        answered=len(given),
        wanted=len(scored),
        missing=missing,
        filled=value is not None and bool(missing) and instrument.scoring.fill == "prorate",
        alerts=_alerts(instrument, answers),
    )


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half up, as scoring manuals do."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _value(  # noqa: PLR0911 - a case each
    instrument: Instrument, given: Sequence[tuple[Item, Decimal]], answers: Mapping[str, Any]
) -> Decimal | None:
    scoring, points = instrument.scoring, [one for _, one in given]
    total = sum(points, Decimal(0))
    match scoring.method:
        case "sum":
            count = len(instrument.scored_items)
            return total * count / len(points) if scoring.fill == "prorate" else total
        case "mean" | "average":
            return total / len(points)
        case "mean_scaled":
            low, high = given[0][0].minimum, given[0][0].maximum
            return (total / len(points) - low) * 100 / (high - low)
        case "percentage":
            return total * 100 / sum(item.maximum for item, _ in given)
        case "best":
            return max(points) if instrument.higher_is_better else min(points)
        case "speed":
            item = instrument.item(scoring.distance)
            metres = points_of(item, answers) if item else None
            return metres * len(points) / total if metres and total else None
        case _:
            return points[0]


def _band(instrument: Instrument, value: Decimal | None, person: Person) -> Band | None:
    if value is None:
        return None
    if instrument.norms is not None:
        for row in instrument.norms.rows:
            if row.sex == person.sex and row.age_from <= (person.age or 0) <= row.age_to:
                return instrument.norms.below if value < row.below else instrument.norms.above
        return None
    return next((band for band in reversed(instrument.bands) if band.lowest <= value), None)


def _subscores(
    instrument: Instrument, answers: Mapping[str, Any], value: Decimal | None, person: Person
) -> dict[str, Decimal]:
    found = {
        item.subscore: points
        for item in instrument.items
        if item.subscore and (points := points_of(item, answers)) is not None
    }
    predicted = predicted_value(instrument, answers, person)
    if instrument.prediction is not None and predicted is not None:
        found[instrument.prediction.label] = predicted
        if value is not None:
            found["Per cent of predicted"] = rounded(value * 100 / predicted, 0)
    return found


def predicted_value(
    instrument: Instrument, answers: Mapping[str, Any], person: Person
) -> Decimal | None:
    """Answer what the reference equation says for this person, if it covers them."""
    prediction = instrument.prediction
    if prediction is None or person.age is None or person.sex not in prediction.weights:
        return None
    if not prediction.age_from <= person.age <= prediction.age_to:
        return None
    figures = {"constant": Decimal(1), "age": Decimal(person.age)}
    for key in prediction.needs:
        item = instrument.item(key)
        points = points_of(item, answers) if item else None
        if points is None:
            return None
        figures[key] = points
    value = sum(weight * figures[name] for name, weight in prediction.weights[person.sex].items())
    return rounded(Decimal(value), instrument.decimals) if value > 0 else None


def _alerts(instrument: Instrument, answers: Mapping[str, Any]) -> tuple[Item, ...]:
    return tuple(
        item
        for item in instrument.items
        if item.alert_from is not None
        and (points := points_of(item, answers)) is not None
        and points >= item.alert_from
    )


def _whole(item: Item, text: str) -> int:
    allowed = (
        {option.points for option in item.options}
        if item.options
        else set(range(int(item.minimum), int(item.maximum) + 1))
    )
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or int(text) not in allowed:  # noqa: PLR2004 - no scale goes to a thousand
        raise AnswerError(item, f"“{item.text}” has no such answer. Choose one of those shown.")
    return int(text)


def _figure(item: Item, text: str) -> Decimal:
    name, unit = item.text, f" {item.unit}" if item.unit else ""
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise AnswerError(item, f"{name}: write a number, such as 12 or 12.5.")
    value = rounded(value, item.decimals) if abs(value) <= item.maximum else value
    if not item.minimum <= value <= item.maximum:
        raise AnswerError(item, f"{name} is between {item.minimum} and {item.maximum}{unit}.")
    return value
