"""How the clinic's file writes dates and times, and how its records are numbered."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random


def written_date(day: date) -> str:
    """Return a day in the Australian order, `14/03/1975`."""
    return f"{day.day:02}/{day.month:02}/{day.year}"


def written_time(minutes: int) -> str:
    """Return minutes since midnight as `9:15:00 AM`."""
    hour, minute = divmod(minutes, 60)
    return f"{(hour - 1) % 12 + 1}:{minute:02}:00 {'AM' if hour < 12 else 'PM'}"  # noqa: PLR2004 - noon


def written_timestamp(moment: datetime) -> str:
    """Return a moment as `14/03/2023 4:05:12 PM`."""
    hour = (moment.hour - 1) % 12 + 1
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    clock = f"{hour}:{moment.minute:02}:{moment.second:02} {half}"
    return f"{written_date(moment.date())} {clock}"


def stamps(rng: Random, day: date, today: date) -> dict[str, str]:
    """Return when a record was made and last changed; neither lies behind `today`."""
    created = min(day, today)
    modified = created + timedelta(days=int(rng.random() ** 2 * ((today - created).days + 1)))
    return {
        "Created": written_timestamp(_in_office_hours(rng, created)),
        "Modified": written_timestamp(_in_office_hours(rng, modified)),
    }


def _in_office_hours(rng: Random, day: date) -> datetime:
    clock = time(8 + rng.randrange(10), rng.randrange(60), rng.randrange(60))
    return datetime.combine(day, clock)


def record_ids(rng: Random, start: int = 1) -> Iterator[int]:
    """Yield ascending record ids with the gaps that deleted records leave."""
    record_id = start
    while True:
        yield record_id
        record_id += 1 if rng.random() < 0.97 else rng.randrange(2, 6)  # noqa: PLR2004 - 3 % are gone
