"""One service for most tests: a home, a real worker, an app; each test uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings

from controllers.parts import parts
from services.recording import Recorder
from services.setup import prepare
from tests.databases import on_postgres
from tests.homes import fill
from tests.postgres import postgres
from tests.story import Story, app_on, close_opened, settings_for, worker
from tests.waits import wait_until

ELSEWHERE = ("sqlite", "no_database")

# A machine may have much else to do: no example is too slow.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="run on PostgreSQL, not on SQLite")
    parser.addoption("--pictures", help="folder for the pictures of pages that the tests take")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out what is about SQLite's own file, or about no database."""
    if config.getoption("postgres"):
        left = [item for item in items if any(map(item.get_closest_marker, ELSEWHERE))]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session", autouse=True)
def _database(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("postgres"):
        yield
        close_opened()
        return
    with postgres() as cluster, on_postgres(cluster.port):
        yield
        close_opened()


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
def _worker(home: Path, app: Flask) -> Iterator[None]:
    with worker(home):
        wait_until(lambda: app.test_client().get("/readyz").status_code == 200)
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


@pytest.fixture
def recorder(app: Flask) -> Iterator[Recorder]:
    """What puts on record what the app serves."""
    with app.app_context():
        yield parts().recorder
