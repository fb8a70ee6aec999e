"""An address in one field, parted into street lines, suburb, state, postcode and country.

Read from its end: a country, then a postcode and a state, then the place they belong to. What cannot be
told apart stays in the street lines, so that no word is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import clean, folded, one_line

STATES = {
    "new south wales": "NSW", "victoria": "VIC", "queensland": "QLD", "south australia": "SA",
    "western australia": "WA", "tasmania": "TAS", "australian capital territory": "ACT",
    "northern territory": "NT",
}  # fmt: skip
_AUSTRALIAN = frozenset({*STATES.values(), "N.S.W.", "VIC.", "QLD.", "S.A.", "W.A.", "TAS."})
_COUNTRIES = frozenset(
    "australia|new zealand|deutschland|germany|osterreich|austria|schweiz|switzerland|suisse|france|"
    "frankreich|belgique|belgium|luxembourg|luxemburg|united kingdom|uk|england|scotland|wales|"
    "ireland|usa|united states|united states of america|canada|liechtenstein|italia|italy".split(
        "|"
    )
)
_STATE = r"NSW|N\.S\.W\.?|VIC\.?|QLD\.?|SA|S\.A\.?|WA|W\.A\.?|TAS\.?|ACT|A\.C\.T\.?|NT|N\.T\.?"
_TAIL_AU = re.compile(
    rf"^(?P<place>.*?)[\s,]*\b(?P<state>{_STATE})[\s,]*(?P<code>\d{{4}})?$", re.IGNORECASE
)
_TAIL_CODE = re.compile(r"^(?P<place>.*?[^\W\d].*?)[\s,]+(?P<code>\d{4,5})$")
_TAIL_US = re.compile(
    r"^(?P<place>.*?[^\W\d].*?),\s*(?P<state>[A-Z]{2})[\s,]+(?P<code>\d{5}(?:-\d{4})?)$"
)
_HEAD_CODE = re.compile(
    r"^(?:(?:D|A|CH|F|B|L|DE|AT|FR)[- ])?(?P<code>\d{4,5})\s+(?P<place>[^\W\d].*)$"
)
_UK = re.compile(
    r"^(?P<place>.*?)[\s,]*\b(?P<code>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})$", re.IGNORECASE
)
_STREET_END = re.compile(
    r"^(?P<street>.*\b(?:street|st|road|rd|avenue|ave?|lane|ln|drive|dr|dve|court|crt|ct|place|pl|"
    r"way|parade|pde|crescent|cres|cr|highway|hwy|terrace|tce|close|cl|circuit|cct|grove|gr|"
    r"boulevard|blvd|bvd|esplanade|esp|square|sq|parkway|pkwy|mews|rise|view|walk|track|"
    r"(?:p\.?\s?o\.?\s+box|gpo box|locked bag)\s+\d+|\w+(?:strasse|straße|str\.|weg|gasse|platz|"
    r"allee)\s+\d+\s?[a-z]?)\b\.?)(?:\s+(?:north|south|east|west)(?=\s+\w))?[\s,]+(?P<place>[^\W\d].*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AddressParts:
    """Parts as typed; `lines` are parted by LF."""

    lines: str = ""
    suburb: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""

    def __str__(self) -> str:
        return "\n".join(
            filter(None, [self.lines, f"{self.suburb} {self.state} {self.postcode}", self.country])
        )


def split_address(raw: str) -> Reading[AddressParts]:
    """Split an address typed in one field; without a postcode or state all stays in the lines."""
    rows = [one_line(row).strip(" ,") for row in clean(raw).split("\n")]
    rows = [row for row in rows if row]
    if not rows:
        return Reading()
    country = ""
    if folded(rows[-1]) in _COUNTRIES and len(rows) > 1:
        country = rows.pop()
    elif "," in rows[-1]:
        head, _, last = rows[-1].rpartition(",")
        if folded(last) in _COUNTRIES and head.strip(" ,"):
            country, rows[-1] = last.strip(), head.strip(" ,")
    place, state, code = _tail(rows)
    if not (state or code):
        told = Issue("address_unsplit", "No postcode or state in it: kept whole as the street.")
        return Reading(AddressParts("\n".join(rows), country=country), (told,))
    rows.pop()
    if not place and rows:
        place = rows.pop()
    street, suburb = _street_and_suburb(place, bool(rows))
    if street:
        rows.append(street)
    return Reading(AddressParts("\n".join(rows), suburb, state, code, country))


def _tail(rows: list[str]) -> tuple[str, str, str]:
    """Part the last row into what goes before, state and postcode; nothing where it shows neither."""
    last = _long_state(rows[-1])
    if match := _HEAD_CODE.match(last):
        return match["place"].strip(" ,"), "", match["code"]
    if re.fullmatch(r"\d{4,5}", last) and len(rows) > 1:
        rows.pop()
        rows[-1] = f"{rows[-1]} {last}"
        return _tail(rows)
    for pattern in (_TAIL_AU, _TAIL_US, _UK, _TAIL_CODE):
        if match := pattern.match(last):
            found = match.groupdict()
            head = (found["place"] or "").strip(" ,")
            state, code = found.get("state") or "", found.get("code") or ""
            inner = _HEAD_CODE.match(head.rpartition(",")[2].strip()) if not state else None
            if inner is not None:
                break
            return head, state, code
    head, comma, final = last.rpartition(",")
    if comma and (match := _HEAD_CODE.match(final.strip())):
        return f"{head.strip()}, {match['place'].strip()}", "", match["code"]
    return last, "", ""


def _long_state(row: str) -> str:
    """Write `Victoria 3101` as `VIC 3101`, at the row's end only."""
    for name, short in STATES.items():
        found = re.sub(rf"\b{name}\b(?=[\s,]*(?:\d{{4}})?$)", short, row, flags=re.IGNORECASE)
        if found != row and re.search(rf"\b{short}[\s,]*\d{{4}}$", found):
            return found
    return row


def _street_and_suburb(place: str, has_lines: bool) -> tuple[str, str]:
    head, comma, last = place.rpartition(",")
    if comma and not any(c.isdigit() for c in last):
        return head.strip(" ,"), last.strip()
    if match := _STREET_END.match(place):
        return match["street"].strip(" ,"), match["place"].strip()
    if not has_lines and any(c.isdigit() for c in place):
        return place, ""
    return "", place
