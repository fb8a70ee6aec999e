"""Accessibility of a page, judged by axe-core: `from tests.ui.axe import axe_violations`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = frozenset({"serious", "critical"})
RUN = """
async (tags) => {
  const { violations } = await axe.run(document, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations"],
  });
  return violations.map((v) => ({
    id: v.id,
    impact: v.impact,
    help: v.help,
    nodes: v.nodes.map((n) => `${n.target.join(" ")}: ${n.failureSummary}`),
  }));
}
"""


def axe_violations(page: Page, *, impacts: frozenset[str] = GRAVE) -> list[dict[str, Any]]:
    """Answer the violations of WCAG 2.2 A and AA (and axe's good practice) of the given impacts.

    Each is a dict of id, impact, help and nodes (selector and what to do); [] is what a test wants.
    """
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return [found for found in page.evaluate(RUN, RULES) if found["impact"] in impacts]
