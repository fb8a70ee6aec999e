"""A headless Chromium for tests: `from tests.ui.browser import chromium, complaints_of`."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
BROWSERS = ("chromium-headless-shell", "chromium")
"""The first that is there. The shell draws the same pages with two thirds of the processor time."""
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium_path() -> str:
    """Answer the browser to drive; skips the test where there is none."""
    named = [os.environ.get("NEXUS_CHROMIUM"), *map(shutil.which, BROWSERS)]
    for candidate in named:
        if candidate and Path(candidate).is_file():
            return candidate
    if os.environ.get("NEXUS_CI"):
        pytest.fail("Chromium is not installed; .ci/run installs it")
    pytest.skip("no Chromium here: install it, or name it in NEXUS_CHROMIUM")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser.

    Its driver runs an event loop in this thread, so Django refuses the database here meanwhile:
    prepare rows before, or in another thread.
    """
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def complaints_of(page: Page) -> list[str]:
    """Collect what the page complains about from here on: errors, warnings, policy violations."""
    found: list[str] = []
    page.on(
        "console",
        lambda message: (
            found.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def overflow_of(page: Page) -> int:
    """Answer by how many pixels the page is wider than its window."""
    width = page.evaluate("document.documentElement.scrollWidth")
    return max(0, int(width) - int(page.viewport_size["width"]))  # type: ignore[index]
