"""Tables made by chance: read as docs/csv.md says, or refused in the service's own words."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reading import Limits, Reading
from tests.fuzz.cases import BLOCKS, CODECS, Case, case
from tests.fuzz.judge import judge
from tests.fuzz.reference import DELIMITERS

BOUNDED = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
READINGS = st.builds(
    Reading,
    delimiter=st.sampled_from([None, *DELIMITERS]),
    encoding=st.sampled_from([None, *CODECS]),
    header=st.sampled_from([None, True, False]),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "case.csv"


@settings(BOUNDED, max_examples=600)
@given(st.randoms(use_true_random=False))
def test_what_looks_like_a_table(path: Path, pick: Random) -> None:
    judge(case(pick), path)


@settings(BOUNDED, max_examples=300)
@given(st.binary(max_size=60), READINGS, st.sampled_from(BLOCKS))
def test_any_bytes(path: Path, content: bytes, reading: Reading, block: int) -> None:
    judge(Case(content, reading, Limits(block_bytes=block)), path)


@pytest.mark.parametrize("number", range(4))
def test_the_first_cases_of_the_long_run(path: Path, number: int) -> None:
    for each in range(number, 2000, 4):
        judge(case(Random(f"0:{each}")), path)  # noqa: S311 (chance that can be repeated)
