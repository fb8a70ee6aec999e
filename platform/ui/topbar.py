"""What stands in the top bar of a clinic's pages: each app registers its own from its `ready`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.navigation import is_permitted

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ui.figures import Rows


@dataclass(frozen=True)
class Tool:
    """One tool: a template of its own, which finds its figure as `nx.figures.<first folder>`.

    `counts` answers the rows whose number it is; all such figures of a page are counted together.
    """

    template: str
    permission: str = ""
    counts: Rows | None = None

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


def counted_tools(request: HttpRequest) -> dict[str, Rows]:
    """Answer what the person's tools count, by key."""
    return {tool.key: tool.counts for tool in tools(request) if tool.counts}
