"""What is done on the pages, again and again."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.service import ROOT

GLASS = ROOT / "data" / "glass.csv"
PATIENCE = 60_000  # milliseconds: a machine may have much else to do
expect.set_options(timeout=PATIENCE)


def upload(page: Page, file: Path, name: str) -> None:
    page.goto("/")
    page.get_by_label("Drop a CSV here").set_input_files(file)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(f"**/datasets/{name}")


def created(page: Page, name: str) -> None:
    page.get_by_label("Predict Type").check()
    page.get_by_label("Id", exact=True).fill(name)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(f"**/experiments/{name}")


def trained(page: Page, trees: int, version: int) -> None:
    page.get_by_label("Trees").fill(str(trees))
    page.get_by_role("button", name="Train a new version").click()
    expect(page.get_by_label(f"Compare version {version}")).to_be_visible(timeout=PATIENCE)


def shown_curl(page: Page, button: str) -> str:
    """The curl that stands under a form."""
    form = page.locator("form").filter(has=page.get_by_role("button", name=button, exact=True))
    form.get_by_text("The same by curl").click()
    return form.locator("code").inner_text()


def contrast(page: Page) -> float:
    """Of the text and what is behind it (WCAG 2)."""
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    light, dark = sorted((luminance(each) for each in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))
