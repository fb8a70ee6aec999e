"""What can be listened to, and by whom. A topic that is not here is heard by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.permissions import Reach, reach_of
from events.messages import ACCOUNT, TOPIC_PATTERN

if TYPE_CHECKING:
    from accounts.models import User
    from accounts.permissions import Action, Resource


@dataclass(frozen=True)
class Topic:
    """`personal`: only what names the person. `needs`: a permission that reaches all rows."""

    name: str
    needs: tuple[Action, Resource] | None = None
    personal: bool = False

    def is_for(self, user: User) -> bool:
        """Answer whether the person may hear it.

        Whoever sees only some rows hears nothing of all of them: that something changed is a fact
        about somebody else's patient. Their pages ask from time to time.
        """
        return self.needs is None or reach_of(user, *self.needs) is Reach.ALL


_topics: dict[str, Topic] = {}


def register_topic(
    name: str, *, needs: tuple[Action, Resource] | None = None, personal: bool = False
) -> None:
    """Name a topic; called from an AppConfig's ready()."""
    if not TOPIC_PATTERN.fullmatch(name) or name == ACCOUNT:
        raise ValueError(f"{name!r} cannot be a topic: write a word in lower case.")
    if not personal and needs is None:
        raise ValueError(f"{name!r}: say which permission the topic needs, or that it is personal.")
    _topics[name] = Topic(name, needs, personal)


def topic_named(name: str) -> Topic | None:
    return _topics.get(name)


def heard_by(user: User) -> frozenset[str]:
    """Answer the names of the topics that the person may hear."""
    return frozenset(name for name, topic in _topics.items() if topic.is_for(user))
