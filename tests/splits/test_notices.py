"""What a split warns about: what would make the scores better than they are."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from services.splits.levels import KEPT, Levels
from tests.splits.test_counts import make
from tests.story import table

PICK = random.Random(7)  # noqa: S311
ROWS = 200


def noise() -> float:
    return round(PICK.random(), 6)


def columns(**made: list[Any]) -> str:
    """A table of the columns given, beside noise and a target of two classes."""
    kinds = [("rose", "tulip")[n % 2] for n in range(ROWS)]
    whole = {"noise": [noise() for _ in range(ROWS)], **made, "kind": kinds}
    return table(list(whole), list(zip(*whole.values(), strict=True)))


def warned(folder: Path, text: str, **fields: Any) -> set[tuple[str, str | None]]:
    return {(each["code"], each["column"]) for each in make(folder, text, **fields).warnings}


def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert warned(tmp_path, columns(more=[noise() for _ in range(ROWS)])) == set()


def test_rows_on_both_sides(tmp_path: Path) -> None:
    body = [(n // 4, ("rose", "tulip")[(n // 4) % 2]) for n in range(ROWS)]
    made = make(tmp_path, table(["x", "kind"], body), stratify=True)
    (notice,) = (each for each in made.warnings if each["code"] == "identical_rows")
    assert "of 40 test rows" in notice["message"]


def test_rows_that_differ_in_the_target_alone_are_not_identical(tmp_path: Path) -> None:
    body = [(n // 2, ("rose", "tulip")[n % 2]) for n in range(ROWS)]
    assert ("identical_rows", None) not in warned(tmp_path, table(["x", "kind"], body))


@pytest.mark.parametrize(
    "telling",
    [
        pytest.param([n % 2 for n in range(ROWS)], id="number"),
        pytest.param([("x", "y")[n % 2] for n in range(ROWS)], id="category"),
        pytest.param([("a", "b", "c", "b")[n % 4] for n in range(ROWS)], id="finer-category"),
        pytest.param([n % 2 * 100 + n / 1000 for n in range(ROWS)], id="ranges"),
    ],
)
def test_a_column_that_tells_the_target(telling: list[Any], tmp_path: Path) -> None:
    assert ("reveals_target", "told") in warned(tmp_path, columns(told=telling))


def test_a_column_that_follows_a_number(tmp_path: Path) -> None:
    body = [(n * 2 + 3, noise(), n) for n in range(ROWS)]
    text = table(["copy", "noise", "kind"], body)
    found = warned(tmp_path, text, type="regression")
    assert ("reveals_target", "copy") in found
    assert ("reveals_target", "noise") not in found


def test_constants_and_ids_and_empty_columns(tmp_path: Path) -> None:
    text = columns(
        same=["x"] * ROWS, empty=[""] * ROWS, code=[f"id-{n * 7919 % 1009}" for n in range(ROWS)]
    )
    found = warned(tmp_path, text)
    expected = {
        ("constant_column", "same"),
        ("all_missing_column", "empty"),
        ("id_like_column", "code"),
    }
    assert expected <= found
    features = [each["name"] for each in make(tmp_path, text).features]
    assert features == ["noise", "same", "code"]


def test_columns_left_out_are_not_warned_about(tmp_path: Path) -> None:
    text = columns(same=["x"] * ROWS)
    assert warned(tmp_path, text, exclude=["same"]) == set()
    assert warned(tmp_path / "b", text, features=["noise"]) == set()


def test_of_too_many_levels_the_most_frequent_stay() -> None:
    levels = Levels()
    levels.see(make_values())
    kept = levels.kept()
    assert len(kept) == KEPT
    assert kept == sorted(kept)
    assert "often" in kept


def make_values() -> pa.Array:
    return pa.array([f"v{n:05}" for n in range(3_000)] + ["often"] * 5 + [None])
