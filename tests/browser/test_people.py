"""The pages by keyboard alone, on a phone, in the dark, and behind keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import PATIENCE, contrast
from tests.service import running

pytestmark = pytest.mark.real


def test_by_keyboard_alone_and_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto("/datasets/glass")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(wide) is False
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert any(text.startswith("Create") for text in reached)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert contrast(page) > 7


def test_keys_close_the_pages_and_open_them(browser: Browser, tmp_path: Path) -> None:
    with running(tmp_path / "home") as service, browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"http://{service.address}/keys")
        page.get_by_label("Name").fill("boss")
        page.get_by_label("May").select_option("admin")
        page.get_by_role("button", name="Make a key").click()
        secret = page.locator(".answer pre").inner_text()
        page.wait_for_timeout(1_500)  # other processes know of a new key within a second
        page.get_by_role("link", name="Go on").click()
        page.wait_for_url("**/login")
        page.get_by_label("Key").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"http://{service.address}/")
        page.get_by_role("link", name="Keys").click()
        expect(page.get_by_role("cell", name="boss", exact=True)).to_be_visible()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/login")
