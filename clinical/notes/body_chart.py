"""The body chart: a figure seen from the front and from behind, and the marks made on it.

A mark's points are fractions of the figure's frame (0..1 from the left and from the top), so they
fit every size it is drawn in. `right` and `left` are the patient's own.
"""

from __future__ import annotations

import json
from typing import Any

WIDTH, HEIGHT = 200, 440
"""The frame of the figure in its own units."""
MOST_MARKS = 60
MOST_POINTS = 400
LABEL_LENGTH = 120
MOST_LETTERS = 400_000

VIEWS = {"front": "Front", "back": "Back"}
SIGNS = {
    "pain": ("Pain", "#c92a2a"),
    "numb": ("Numbness", "#1864ab"),
    "tingling": ("Pins and needles", "#862e9c"),
    "stiff": ("Stiffness", "#a05a00"),
    "swelling": ("Swelling", "#2b6e2f"),
    "other": ("Other", "#343a40"),
}
"""Colour of a mark → what it stands for, and the colour itself."""


class ChartError(ValueError):
    """Marks that cannot be kept; the message is for a person."""


def _both(name: str, x: float, y: float, *, view: str) -> tuple[tuple[str, str, float, float], ...]:
    """Place a region on both sides; `x` is how far it is from the middle."""
    right, left = (100 - x, 100 + x) if view == "front" else (100 + x, 100 - x)
    key = f"{view}-{name.lower().replace(' ', '-')}"
    return (
        (f"{key}-right", f"Right {name}", right, y),
        (f"{key}-left", f"Left {name}", left, y),
    )


_FRONT = (
    ("front-head", "Head", 100, 20),
    ("front-face", "Face", 100, 40),
    ("front-throat", "Throat", 100, 66),
    ("front-chest", "Chest", 100, 104),
    ("front-abdomen", "Abdomen", 100, 160),
    ("front-pelvis", "Pelvis", 100, 208),
    *_both("jaw", 14, 46, view="front"),
    *_both("shoulder", 42, 84, view="front"),
    *_both("ribs", 26, 130, view="front"),
    *_both("upper arm", 50, 118, view="front"),
    *_both("elbow", 58, 152, view="front"),
    *_both("forearm", 65, 182, view="front"),
    *_both("wrist", 72, 208, view="front"),
    *_both("hand", 78, 230, view="front"),
    *_both("hip", 32, 206, view="front"),
    *_both("groin", 14, 220, view="front"),
    *_both("thigh", 23, 262, view="front"),
    *_both("knee", 21, 312, view="front"),
    *_both("shin", 20, 352, view="front"),
    *_both("ankle", 18, 402, view="front"),
    *_both("foot", 24, 424, view="front"),
)
_BACK = (
    ("back-head", "Back of the head", 100, 28),
    ("back-neck", "Neck", 100, 66),
    ("back-upper", "Upper back", 100, 100),
    ("back-middle", "Middle of the back", 100, 136),
    ("back-lower", "Lower back", 100, 176),
    ("back-sacrum", "Sacrum", 100, 204),
    *_both("shoulder", 42, 84, view="back"),
    *_both("shoulder blade", 24, 108, view="back"),
    *_both("flank", 26, 160, view="back"),
    *_both("upper arm", 50, 118, view="back"),
    *_both("elbow", 58, 152, view="back"),
    *_both("forearm", 65, 182, view="back"),
    *_both("wrist", 72, 208, view="back"),
    *_both("hand", 78, 230, view="back"),
    *_both("buttock", 20, 224, view="back"),
    *_both("hamstring", 23, 272, view="back"),
    *_both("back of the knee", 21, 312, view="back"),
    *_both("calf", 20, 348, view="back"),
    *_both("Achilles tendon", 18, 392, view="back"),
    *_both("heel", 18, 422, view="back"),
)
REGIONS: dict[str, dict[str, tuple[str, float, float]]] = {
    "front": {key: (name, x / WIDTH, y / HEIGHT) for key, name, x, y in _FRONT},
    "back": {key: (name, x / WIDTH, y / HEIGHT) for key, name, x, y in _BACK},
}
"""View → region → its name and where its middle is, as fractions."""


def clean_marks(raw: Any) -> list[dict[str, Any]]:
    """Read marks as the page sends them (JSON), or as a note keeps them; raises ChartError."""
    if isinstance(raw, str):
        if len(raw) > MOST_LETTERS:
            raise ChartError("that is more than a chart holds.")
        try:
            raw = json.loads(raw or "[]")
        except (ValueError, RecursionError):
            raise ChartError("the marks did not arrive whole. Try again.") from None
    if not isinstance(raw, list) or len(raw) > MOST_MARKS:
        raise ChartError(f"at most {MOST_MARKS} marks.")
    return [_clean_mark(mark) for mark in raw]


def _clean_mark(mark: Any) -> dict[str, Any]:
    unreadable = ChartError("the marks did not arrive whole. Try again.")
    if not isinstance(mark, dict):
        raise unreadable
    view, sign, label = mark.get("view"), mark.get("sign"), mark.get("label", "")
    points = mark.get("points")
    fits = view in ("front", "back") and isinstance(sign, str) and isinstance(label, str)
    if not fits or not isinstance(points, list) or not 0 < len(points) <= MOST_POINTS:
        raise unreadable
    if sign not in SIGNS:
        raise unreadable
    label = " ".join(label.replace("\x00", "").split())[:LABEL_LENGTH]
    try:
        placed = [[_fraction(x), _fraction(y)] for x, y in points]
    except (TypeError, ValueError):
        raise unreadable from None
    return {"view": view, "sign": sign, "label": label, "points": placed}


def _fraction(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1:
        raise ValueError(number)
    return round(float(number), 4)


def region_of(mark: dict[str, Any]) -> str:
    """Name the region that is nearest to the middle of a mark."""
    xs, ys = zip(*mark["points"], strict=True)
    x, y = sum(xs) / len(xs) * WIDTH, sum(ys) / len(ys) * HEIGHT
    regions = REGIONS[mark["view"]].values()
    return min(regions, key=lambda r: (r[1] * WIDTH - x) ** 2 + (r[2] * HEIGHT - y) ** 2)[0]


def words_for(mark: dict[str, Any]) -> str:
    """Say what a mark says: Pain, right knee (front): worse on stairs."""
    region = region_of(mark)
    where = region[0].lower() + region[1:]
    said = f": {mark['label']}" if mark["label"] else ""
    return f"{SIGNS[mark['sign']][0]}, {where} ({mark['view']}){said}"


def drawn(marks: list[dict[str, Any]], view: str) -> list[dict[str, Any]]:
    """Answer what is to be drawn on one view: number, colour, a path or a point, in its units."""
    shapes = []
    for number, mark in enumerate(marks, 1):
        if mark["view"] != view:
            continue
        points = [(round(x * WIDTH, 1), round(y * HEIGHT, 1)) for x, y in mark["points"]]
        path = " ".join(f"{'L' if at else 'M'}{x} {y}" for at, (x, y) in enumerate(points))
        shapes.append(
            {
                "number": number,
                "colour": SIGNS[mark["sign"]][1],
                "sign": mark["sign"],
                "path": path if len(points) > 1 else "",
                "x": points[0][0],
                "y": points[0][1],
            }
        )
    return shapes
