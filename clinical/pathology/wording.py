"""What the letters of the standard mean: states of reports and lines, flags."""

from __future__ import annotations

STATUSES = {
    "P": ("Preliminary", "warning"),
    "A": ("Some results", "warning"),
    "F": ("Final", "success"),
    "C": ("Corrected", "info"),
    "X": ("Cancelled", "danger"),
    "I": ("No results yet", "neutral"),
    "O": ("Ordered", "neutral"),
    "S": ("Scheduled", "neutral"),
    "R": ("Not verified", "warning"),
}
FLAGS = {
    "L": ("Low", "warning"),
    "H": ("High", "warning"),
    "LL": ("Very low", "danger"),
    "HH": ("Very high", "danger"),
    "<": ("Below the scale", "warning"),
    ">": ("Above the scale", "warning"),
    "A": ("Abnormal", "warning"),
    "AA": ("Very abnormal", "danger"),
    "U": ("Much up", "warning"),
    "D": ("Much down", "warning"),
    "B": ("Better", "info"),
    "W": ("Worse", "warning"),
    "R": ("Resistant", "warning"),
    "S": ("Susceptible", "info"),
    "I": ("Intermediate", "warning"),
    "POS": ("Positive", "warning"),
    "NEG": ("Negative", "info"),
}
ORDINARY = ("", "N", "NEG", "S", "B")
"""Flags that ask for no attention."""
LINE_STATUSES = {
    "C": "corrected",
    "P": "preliminary",
    "D": "deleted",
    "W": "was somebody else’s",
    "X": "not obtained",
    "R": "not verified",
}
URGENT = ("LL", "HH", "AA")
