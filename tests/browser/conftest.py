"""A service, and a browser that looks at its pages: Chromium of the package chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.steps import PATIENCE
from tests.service import Service, running


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("browser")) as service:
        yield service


@pytest.fixture(name="browser", scope="module")
def _browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "chromium is missing; on Debian: apt-get install -y chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(name="page")
def _page(browser: Browser, service: Service) -> Iterator[Page]:
    """A page of a browser of its own; whatever it complains about fails the test."""
    with browser.new_context(base_url=f"http://{service.address}") as context:
        context.set_default_timeout(PATIENCE)
        page, complaints = context.new_page(), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(complaints, said))
        yield page
        assert complaints == []


def _note(complaints: list[str], said: Any) -> None:
    # A refusal is an answer that the page shows; the browser writes a line of its own about it.
    if said.type == "error" and "Failed to load resource" not in said.text:
        complaints.append(said.text)
