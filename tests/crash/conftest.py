"""Where the crash tests play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.stage import Stage, standing


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A home and processes of this test's own: what one finds does not stand in another's way."""
    with standing(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same for all tests of a file."""
    with standing(tmp_path_factory.mktemp("crash")) as made:
        yield made
