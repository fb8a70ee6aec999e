"""Numbers that want no texts: STOP stops them for the clinic, START lets them come again.

The words a telephone network stops for are many; ours leave out CANCEL, which a patient may mean of
the visit (it counts only where the vendor itself has acted on it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.messages.models import OptOut
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from accounts.models import User

STOPS = frozenset({"stop", "stopall", "unsubscribe", "quit", "end"})
STARTS = frozenset({"start", "unstop"})
_LETTERS = re.compile(r"[^a-z]+")


def asked_for(body: str, by_vendor: str = "") -> str:
    """Answer "stop", "start" or nothing: what a text asks for, or what the vendor made of it."""
    if by_vendor in {"stop", "start"}:
        return by_vendor
    words = _LETTERS.sub(" ", body.lower()).split()
    if len(words) != 1:
        return ""
    return "stop" if words[0] in STOPS else "start" if words[0] in STARTS else ""


def is_opted_out(number: str) -> bool:
    return OptOut.objects.filter(number=number, ended_at=None).exists()


def opt_out_of(number: str) -> OptOut | None:
    """Answer what holds for a number now."""
    return OptOut.objects.filter(number=number, ended_at=None).first()


def opt_outs_of(numbers: Iterable[str]) -> list[OptOut]:
    """Answer all that was ever said for some numbers, the newest first."""
    return list(OptOut.objects.filter(number__in=list(numbers)))


def stop(number: str, *, at: datetime, way: str, by: str = "", note: str = "") -> bool:
    """Send no texts to the number any more; answers whether that is new."""
    _, is_new = OptOut.objects.get_or_create(
        number=number,
        ended_at=None,
        defaults={"began_at": at, "way": way, "by": by, "note": note.strip()},
    )
    return is_new


def start(number: str, *, at: datetime, by: str = "") -> bool:
    """Let texts go to the number again; answers whether it had been stopped."""
    held = OptOut.objects.filter(number=number, ended_at=None)
    return bool(held.update(ended_at=at, ended_by=by))


@transaction.atomic
def set_opt_out(number: str, *, actor: User, at: datetime, is_out: bool, note: str = "") -> bool:
    """Write down that a patient asked for no texts, or for them again; answers whether it changed."""
    require(actor, Action.CHANGE, Resource.MESSAGES)
    if is_out:
        return stop(number, at=at, way=OptOut.Way.STAFF, by=actor.name, note=note)
    return start(number, at=at, by=actor.name)
