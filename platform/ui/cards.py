"""Cards on the first page of a clinic: each app registers its own from its `ready`.

A card comes by itself after the page, from the address it is registered with; that answers nothing once
there is nothing (more) to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

from ui.navigation import is_permitted

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True)
class Card:
    """One card: the name of the URL it comes from, and who gets it."""

    url_name: str
    permission: str = ""


_cards: dict[str, Card] = {}


def register_card(card: Card) -> None:
    """Add a card; the same URL again replaces it."""
    _cards[card.url_name] = card


def card_urls(request: HttpRequest) -> list[str]:
    """Answer where the person's cards come from."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    found = []
    for card in _cards.values():
        if is_permitted(user, card.permission):
            try:
                found.append(reverse(card.url_name))
            except NoReverseMatch:
                continue
    return found
