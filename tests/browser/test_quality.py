"""What everyone may expect of the pages: accessible, light, whole, readable without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import GLASS, PATIENCE, created, trained, upload
from tests.service import Service

pytestmark = pytest.mark.real
WIDTHS = (390, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = ("/", "/datasets", "/datasets/panes", "/experiments/panes", "/keys", "/login")
SERIOUS = ("serious", "critical")
MOST_BYTES = 100_000
OPENED = "document.querySelectorAll('details').forEach((each) => each.open = true)"
CUT = """
  [...document.querySelectorAll("button, a, label, th, dt, dd, h1, h2, h3, input, select")]
    .filter((each) => each.checkVisibility() && !each.closest(".scroll, .skip, .unseen"))
    .filter((each) => {
      const box = each.getBoundingClientRect();
      return box.width && (box.right > innerWidth + 1 || box.left < -1);
    })
    .map((each) => each.outerHTML.slice(0, 120))
"""


@pytest.fixture(name="filled")
def _filled(page: Page, service: Service) -> Page:
    """A page of a service that holds an experiment with two versions, one of them tested."""
    page.goto("/experiments/panes")
    if page.get_by_label("Compare version 2").count() == 0:
        upload(page, GLASS, "panes")
        created(page, "panes")
        for version, trees in ((1, 5), (2, 30)):
            trained(page, trees, version)
        page.get_by_role("button", name="Test version 2").click()
        expect(page.locator("dl").get_by_text("0.").first).to_be_visible()
    return page


def test_no_serious_fault_of_accessibility(filled: Page) -> None:
    axe = Axe()
    for scheme in SCHEMES:
        filled.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for path in PAGES:
            filled.goto(path)
            filled.evaluate(
                "document.querySelectorAll('details').forEach((each) => each.open = true)"
            )
            found = axe.run(filled).response["violations"]
            told = [
                (each["id"], [node["html"][:200] for node in each["nodes"]])
                for each in found
                if each["impact"] in SERIOUS
            ]
            assert told == [], (scheme, path)


def test_nothing_is_cut_and_nothing_overflows(filled: Page) -> None:
    for width in WIDTHS:
        filled.set_viewport_size({"width": width, "height": 900})
        for path in PAGES:
            filled.goto(path)
            wide = filled.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (width, path)
            assert filled.evaluate(CUT) == [], (width, path)


def test_the_first_page_is_light(filled: Page) -> None:
    sizes: dict[str, int] = {}
    filled.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    filled.goto("/", wait_until="networkidle")
    assert len(sizes) > 5
    assert sum(sizes.values()) < MOST_BYTES, sizes
    foreign = [url for url in sizes if not url.startswith(filled.url)]
    assert foreign == []


def test_it_can_be_read_without_scripts(browser: Browser, service: Service, filled: Page) -> None:
    assert filled.url
    with browser.new_context(
        base_url=f"http://{service.address}", java_script_enabled=False
    ) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="panes").click()
        expect(page.get_by_role("heading", name="panes")).to_be_visible()
        versions = page.locator("table[data-compare] tbody tr")
        expect(versions).to_have_count(2)
        page.goto("/datasets/panes")
        expect(page.get_by_text("RI", exact=True).first).to_be_visible()


def test_pictures_for_the_documentation(
    filled: Page, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """With `--pictures docs` those that the documentation shows are taken anew."""
    folder = Path(request.config.getoption("pictures") or tmp_path)
    views: tuple[tuple[str, str, int, int, Literal["light", "dark"]], ...] = (
        ("dataset.png", "/datasets/panes", 1280, 800, "light"),
        ("phone.png", "/experiments/panes", 390, 800, "dark"),
        ("experiment.png", "/experiments/panes", 1280, 1100, "light"),
    )
    for name, path, width, height, scheme in views:
        filled.set_viewport_size({"width": width, "height": height})
        filled.emulate_media(color_scheme=scheme)
        filled.goto(path, wait_until="networkidle")
        if name == "experiment.png":
            why(filled)
        filled.screenshot(path=folder / name)
        assert (folder / name).stat().st_size > 10_000


def why(page: Page) -> None:
    """A prediction, and what each column added to it, in the middle of the picture."""
    for label, value in (("Na", "14.23"), ("Al", "2.08"), ("Ba", "1.67")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Say why").check()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("What each column adds to the probability")).to_be_visible()
    versions = page.get_by_role("heading", name="Versions", exact=True)
    versions.evaluate("each => each.scrollIntoView()")
