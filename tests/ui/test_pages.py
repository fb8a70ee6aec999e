"""The components in a real browser: policy, widths, themes, keys, dialogs, uploads, accessibility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.axe import axe_violations
from tests.ui.browser import DESKTOP, PHONE, complaints_of, overflow_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.ui.conftest import Receiver

pytestmark = pytest.mark.e2e
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opened(address: str = "/_ui/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        page.complaints = complaints_of(page)  # type: ignore[attr-defined]
        page.goto(site + address, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("address", "viewport", "scheme"),
    [
        ("/_ui/", DESKTOP, "light"),
        ("/_ui/", DESKTOP, "dark"),
        ("/_ui/", PHONE, "light"),
        ("/_ui/", PHONE, "dark"),
        ("/", DESKTOP, "dark"),
        ("/", PHONE, "light"),
        ("/no-such-page/", DESKTOP, "light"),
        ("/no-such-page/", PHONE, "dark"),
    ],
)
def test_a_page_is_accessible_keeps_to_the_policy_and_does_not_scroll_sideways(
    open_page: Callable[..., Page], address: str, viewport: dict[str, int], scheme: str
) -> None:
    page = open_page(address, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")

    assert [text for text in page.complaints if text != NOT_FOUND] == []  # type: ignore[attr-defined]
    assert overflow_of(page) == 0
    assert axe_violations(page) == []


def test_the_chosen_theme_is_in_the_answer_of_the_server(open_page: Callable[..., Page]) -> None:
    page = open_page()
    assert page.get_attribute("html", "data-bs-theme") == "light"

    page.click(".nx-top [data-theme-switch]")
    page.reload()

    assert '<html lang="en-AU" data-bs-theme="dark">' in page.request.get(page.url).text()


def test_slash_and_control_k_go_to_the_search(open_page: Callable[..., Page]) -> None:
    page = open_page()

    for keys in ("/", "Control+k"):
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(keys)

        assert page.evaluate("document.activeElement.id") == "nx-search-input"
        assert page.input_value("#nx-search-input") == ""


def test_results_are_walked_and_opened_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("ameli")
    page.wait_for_selector("#nx-search-results .nx-result")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#nx-search-input", "aria-activedescendant")
    page.keyboard.press("Enter")
    page.wait_for_url("**/_ui/#2")

    assert active == "nx-result-2"


def test_escape_closes_the_results(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("ameli")
    page.wait_for_selector("#nx-search-results .nx-result", state="visible")

    page.keyboard.press("Escape")

    assert page.is_hidden("[data-search-panel]")
    assert page.get_attribute("#nx-search-input", "aria-expanded") == "false"


def test_a_shortcut_of_one_key_can_be_switched_off(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.keyboard.press("?")
    page.click("[data-single-keys-switch]")
    page.keyboard.press("Escape")
    page.reload()

    page.keyboard.press("?")

    assert page.locator("#nx-shortcuts").is_hidden()


def test_the_menu_of_a_phone_opens_traps_and_closes(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport=PHONE)
    assert page.is_hidden("#nx-rail")

    page.click("[data-rail-open]")
    assert page.is_visible("#nx-rail")
    assert page.evaluate("document.querySelector('.nx-main').inert")
    page.keyboard.press("Escape")
    page.wait_for_selector("#nx-rail", state="hidden")

    assert page.evaluate("document.activeElement.matches('[data-rail-open]')")


def test_a_dangerous_act_needs_the_word(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#sg-undo")
    button = page.locator("#nx-confirm [value=confirm]")
    assert button.is_disabled()

    page.fill("#nx-confirm-phrase", "alpha")
    with page.expect_navigation():
        button.click()

    assert page.url.endswith("/_ui/?")


def test_cancelling_the_question_sends_nothing(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#sg-undo")

    page.click("#nx-confirm [value=cancel]")
    page.wait_for_timeout(100)

    assert page.url.endswith("/_ui/")


def test_a_failed_request_is_said(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.context.set_offline(True)

    page.keyboard.press("/")
    page.keyboard.type("a")

    page.wait_for_selector(".nx-toast")
    assert "No connection" in page.inner_text(".nx-toast")


def test_an_upload_goes_on_after_a_failed_part(
    open_page: Callable[..., Page], receiver: Receiver, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 78_125  # 20 MB: three parts
    file = tmp_path / "Practice.fmp12"
    file.write_bytes(content)
    receiver.content.clear()
    receiver.starts.clear()
    receiver.failures[:] = [502]
    page = open_page()

    page.set_input_files("[data-upload-input]", file)
    page.wait_for_url("**/arrived/")

    assert bytes(receiver.content) == content
    assert receiver.starts == [0, 0, 8_000_000, 16_000_000]


def test_a_refused_upload_says_why_and_can_be_started_anew(
    open_page: Callable[..., Page], receiver: Receiver
) -> None:
    receiver.content.clear()
    receiver.failures[:] = [413]
    page = open_page()

    page.set_input_files(
        "[data-upload-input]",
        {"name": "Big.fmp12", "mimeType": "application/octet-stream", "buffer": b"x" * 1000},
    )

    page.wait_for_selector("text=larger than what is allowed")
    assert page.is_visible("[data-upload-drop]")
