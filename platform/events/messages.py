"""One message: something of a topic changed in a clinic. It says where to look, never what is there.

Every role may listen on a channel of PostgreSQL, and no policy covers what is said there; so nothing
of a patient is ever in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

CHANNEL = "nexus_events"
"""PostgreSQL's, of all clinics of a database."""
LISTEN = "LISTEN nexus_events"

ACCOUNT = "account"
"""For the event server itself: look again at whether this person may still listen."""

TOPIC_PATTERN = re.compile(r"[a-z][a-z_]{0,39}")
LONGEST_PAYLOAD = 500


class MessageError(ValueError):
    """Something on the channel is none of ours."""


@dataclass(frozen=True)
class Message:
    """`user` names the only person it is for; `first` and `last` the days that are touched (UTC)."""

    tenant: int
    topic: str
    user: str = ""
    first: str = ""
    last: str = ""

    def __post_init__(self) -> None:
        if not TOPIC_PATTERN.fullmatch(self.topic):
            raise MessageError(f"{self.topic!r} is no topic: write a word in lower case.")

    def payload(self) -> str:
        """Write it for the channel."""
        facts = {"user": self.user, "from": self.first, "until": self.last}
        return json.dumps(
            {"tenant": self.tenant, "topic": self.topic, **{k: v for k, v in facts.items() if v}}
        )

    @classmethod
    def parse(cls, payload: str | bytes) -> Message:
        """Read what came by a channel; raises MessageError for what nobody of ours writes."""
        if len(payload) > LONGEST_PAYLOAD:
            raise MessageError("The message is too long.")
        try:
            facts = json.loads(payload)
            tenant, topic = facts["tenant"], facts["topic"]
            user, first, last = (facts.get(name, "") for name in ("user", "from", "until"))
            return cls(
                tenant=_whole(tenant),
                topic=topic,
                user=str(UUID(user)) if user else "",
                first=date.fromisoformat(first).isoformat() if first else "",
                last=date.fromisoformat(last).isoformat() if last else "",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MessageError("The message is none of ours.") from error

    def for_browser(self) -> str:
        """Write what a page is told: it knows its clinic and its person."""
        days = {"from": self.first, "until": self.last} if self.first else {}
        return json.dumps({"topic": self.topic, **days})


def _whole(number: object) -> int:
    if type(number) is not int:
        raise TypeError
    return number
