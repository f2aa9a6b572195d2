from __future__ import annotations

from pathlib import Path

import pytest

from tests.reading.helpers import Csv


@pytest.fixture
def csv_file(tmp_path: Path) -> Csv:
    return Csv(tmp_path)
