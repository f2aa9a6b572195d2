"""Every command of the tutorial is run, in its order, and gives the answer that it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console import assert_holds, examples, shell, warm_up
from tests.service import ROOT, Service, running

pytestmark = pytest.mark.no_database

EXAMPLES = examples((ROOT / "docs" / "tutorial.md").read_text())


@pytest.fixture(name="service")
def _service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "home") as started:
        warm_up(started)
        yield started


def test_from_a_table_to_a_forest_that_is_watched(service: Service, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    assert len(EXAMPLES) > 15
    for example in EXAMPLES:
        printed = shell(example.command, service, tmp_path)
        if example.answer:
            assert_holds(json.loads(printed), json.loads(example.answer))
        else:
            assert "problems" not in printed, example.command
    for name in ("confusion.svg", "card.html", "lab.onnx"):
        assert (tmp_path / name).stat().st_size > 1_000
