"""A short run of the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.kills import soak

pytestmark = pytest.mark.real


def test_nothing_is_lost_in_three_rounds(tmp_path: Path) -> None:
    counts = soak(tmp_path, rounds=3, seed=1)
    assert counts.killed.total() == 3
    assert counts.told["requests answered"] > 0
    assert counts.is_clean, counts.table()
