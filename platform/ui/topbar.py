"""What stands in the top bar of a clinic's pages: each app registers its own from its `ready`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ui.navigation import is_permitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


@dataclass(frozen=True)
class Tool:
    """One tool: a template of its own, which finds its figure as `nx.tool_count.<first folder>`.

    `count` answers the figure for the person who is signed in; it is asked on every page, so it must
    be one small query.
    """

    template: str
    permission: str = ""
    count: Callable[[Any], int] | None = None

    @property
    def key(self) -> str:
        return self.template.partition("/")[0]


_tools: dict[str, Tool] = {}


def register_tool(tool: Tool) -> None:
    """Add a tool; the same template again replaces it."""
    _tools[tool.template] = tool


def tools(request: HttpRequest) -> list[Tool]:
    """Answer what the person may use."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    return [tool for tool in _tools.values() if is_permitted(user, tool.permission)]


def tool_counts(request: HttpRequest) -> dict[str, int]:
    """Answer the figures of the tools by key."""
    user = getattr(request, "user", None)
    return {tool.key: tool.count(user) for tool in tools(request) if tool.count}
