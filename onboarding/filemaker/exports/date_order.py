"""In which order day, month and year stand, told by the dates themselves."""

import re
from dataclasses import dataclass

from onboarding.filemaker.sources import DateOrder, Locale

_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?=\s|$)")
_LONGEST = 24
_SHORTEST = 6
_MONTHS = 12
_YEAR_DIGITS = 4
_CLEAR = 0.9


@dataclass(slots=True)
class DateEvidence:
    """Counts of dates that can only be read one way, and of those that could be either."""

    dmy: int = 0
    mdy: int = 0
    ymd: int = 0
    unclear: int = 0
    separator: str = ""

    def take(self, text: str) -> None:
        if not _SHORTEST <= len(text) <= _LONGEST or not text[0].isdecimal():
            return
        match = _DATE.match(text)
        if not match:
            return
        first, second = int(match[1]), int(match[3])
        if len(match[1]) == _YEAR_DIGITS:
            self.ymd += 1
        elif len(match[1]) > 2:  # noqa: PLR2004 - no part of a date has three digits
            return
        elif first > _MONTHS >= second:
            self.dmy += 1
        elif second > _MONTHS >= first:
            self.mdy += 1
        else:
            self.unclear += 1
        self.separator = self.separator or match[2]

    @property
    def order(self) -> DateOrder | None:
        """Answer the order nine tenths of the telling dates agree on.

        A year of four digits in front reads right in any order, so it tells of no other date.
        """
        if not self.dmy and not self.mdy:
            return "YMD" if self.ymd and not self.unclear else None
        if self.dmy >= _CLEAR * (self.dmy + self.mdy):
            return "DMY"
        return "MDY" if self.mdy >= _CLEAR * (self.dmy + self.mdy) else None

    @property
    def is_open(self) -> bool:
        """True where dates of day and month were seen and nothing tells which is which."""
        return bool(self.unclear) and not self.dmy and not self.mdy

    @property
    def is_mixed(self) -> bool:
        return self.order is None and bool(self.dmy or self.mdy)

    def locale(self) -> Locale | None:
        order = self.order
        if order is None:
            return None
        return Locale(order, self.separator, ".", ",", ":", "", "")


def locale_of_formats(date_format: str, time_format: str) -> Locale | None:
    """Read FMPXMLRESULT's DATEFORMAT and TIMEFORMAT: `D/m/yyyy`, `MM/dd/yy`, `h:mm:ss a`."""
    letters = re.findall(r"[dmy]", re.sub(r"(.)\1+", r"\1", date_format.casefold()))
    orders: dict[str, DateOrder] = {"dmy": "DMY", "mdy": "MDY", "ymd": "YMD"}
    order = orders.get("".join(letters))
    if order is None:
        return None
    separator = re.search(r"[^\w\s]", date_format)
    clock = re.search(r"[^\w\s]", time_format)
    half = "a" in time_format.casefold()
    return Locale(
        date_order=order,
        date_separator=separator[0] if separator else "/",
        decimal_separator=".",
        thousands_separator=",",
        time_separator=clock[0] if clock else ":",
        am="AM" if half else "",
        pm="PM" if half else "",
    )
