"""Where a support is delivered: the price limits differ by state and by how remote the place is."""

from __future__ import annotations

from django.db import models


class Region(models.TextChoices):
    """The price columns of the NDIA's support catalogue."""

    ACT = "ACT", "Australian Capital Territory"
    NSW = "NSW", "New South Wales"
    NT = "NT", "Northern Territory"
    QLD = "QLD", "Queensland"
    SA = "SA", "South Australia"
    TAS = "TAS", "Tasmania"
    VIC = "VIC", "Victoria"
    WA = "WA", "Western Australia"
    REMOTE = "remote", "Remote (MMM 6)"
    VERY_REMOTE = "very_remote", "Very remote (MMM 7)"
