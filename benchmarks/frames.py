"""What room in one piece for Python's frames is worth: `config.frames` against none, side by side.

First bare calls in a loop at each depth of calls, then the day view of a clinic with 300 visits a day.
Where the end of a chunk falls in a page's calls is chance: other pages gain less, or nothing.
Usage: python benchmarks/frames.py [requests]
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above
from config.frames import with_room  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

DEPTHS = range(20, 420)
CALLS = 2000


def main(requests: int = 40) -> None:
    print(f"{'':<34}{'without':>12}{'with room':>12}{'ratio':>8}")
    without = max(_at_depth(depth) for depth in DEPTHS)
    roomy = max(with_room(_at_depth, depth) for depth in DEPTHS)
    _row("a call, at the worst depth (µs)", without * 1e6, roomy * 1e6)
    with stage() as servers:
        ask = _day_view(servers)
        plain, room = [], []
        for _ in range(requests):  # by turns, so that what else goes on meets both
            plain.append(_processor_seconds(ask))
            room.append(_processor_seconds(partial(with_room, ask)))
        _row("the day view (ms of processor)", 1000 * _mean(plain), 1000 * _mean(room))


def _at_depth(depth: int) -> float:
    """Answer the seconds of a call in a loop `depth` calls down."""
    if depth:
        return _at_depth(depth - 1)

    def nothing() -> None:
        pass

    start = time.perf_counter()
    for _ in range(CALLS):
        nothing()
    return (time.perf_counter() - start) / CALLS


def _day_view(servers: Any) -> Callable[[], object]:
    from django.core.management import call_command
    from django.test import Client

    from benchmarks.busy_clinic import fill
    from benchmarks.web import sign_in
    from clinical.practice.models import Location
    from tenants.scope import tenant_scope

    clinic = new_clinic("Crowded")
    with as_superuser(servers, clinic) as raw:
        fill(raw, clinic, patients=2000, visits=24_000)
    call_command("collectstatic", interactive=False, verbosity=0)
    with tenant_scope(clinic):
        location = Location.objects.values_list("pk", flat=True)[0]
        _person, cookies = sign_in("somebody@crowded.example")
    client = Client(headers={"host": clinic.host})
    for name, value in cookies.items():
        client.cookies[name] = value
    path = f"/appointments/?date={datetime.now(UTC):%Y-%m-%d}&location={location}"
    for _ in range(5):
        assert client.get(path).status_code == 200
    return partial(client.get, path)


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _mean(times: list[float]) -> float:
    return sum(times) / len(times)


def _row(what: str, without: float, roomy: float) -> None:
    print(f"{what:<34}{without:>12.2f}{roomy:>12.2f}{without / roomy:>8.1f}", flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
