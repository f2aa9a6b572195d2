"""One service for most tests: a home, a real worker, an app; each test uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from services.setup import prepare
from tests.homes import fill
from tests.story import Story, app_on, settings_for, worker


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grove")
    prepare(settings_for(folder))
    return folder


@pytest.fixture(scope="session")
def app(home: Path) -> Iterator[Flask]:
    with app_on(home) as made:
        yield made


@pytest.fixture(scope="session")
def _worker(home: Path) -> Iterator[None]:
    with worker(home):
        yield


@pytest.fixture
def story(app: Flask, _worker: None) -> Story:
    return Story(app.test_client())


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something of everything in it, at rest: to be copied, and not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    fill(folder)
    return folder
