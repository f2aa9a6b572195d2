"""Scoring a CSV block by block: one answer however it is cut, in bounded memory, whole or not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from models.errors import Invalid
from services.columns import Feature, Notice
from services.forest.encoding import Matrix
from services.forest.serving import Model
from services.in_order import ROOM
from services.predicting import Served
from services.reading import Limits, Reading
from services.scoring import score_file

pytestmark = pytest.mark.no_database

BLOCKS = (1, 7, 64, 300, 5_000, 2**20)
FEATURES = [Feature("size", "number"), Feature("colour", "category", ["red", "white"])]
MIB = 2**20


class Sum:
    """Stands for a forest: the sum of a row's features, and how much memory was in use."""

    baseline = None

    def __init__(self, features: Sequence[Feature] = FEATURES, breaks_at: float = np.inf) -> None:
        self.features, self.breaks_at = list(features), breaks_at
        self.used: list[int] = []

    def tables(self, matrix: Matrix) -> pa.Table:
        if matrix[:, 0].max() >= self.breaks_at:
            raise ArithmeticError("the forest breaks")
        self.used.append(pa.total_allocated_bytes())
        return pa.table({"prediction": matrix.astype(np.float64).sum(axis=1)})


def served(model: Sum) -> Served:
    return Served("sums", "uid", 1, cast(Model, model), {}, Path(), {})


def score(
    folder: Path, content: str | bytes, block: int = MIB, *, strict: bool = False, **reading: Any
) -> tuple[bytes, list[Notice]]:
    source, target = folder / "in.csv", folder / "out.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    target.unlink(missing_ok=True)
    limits = Limits(block_bytes=block)
    scored = score_file(source, target, served(Sum()), Reading(**reading), limits, strict=strict)
    return target.read_bytes(), scored.notices


def refusal(folder: Path, content: str | bytes, block: int = MIB) -> dict[str, Any]:
    with pytest.raises(Invalid) as caught:
        score(folder, content, block)
    assert not (folder / "out.csv").exists()
    assert threads() == []
    return caught.value.as_record()


def threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("ThreadPoolExecutor")]


PLAIN = "".join(f"{n / 4},{('red', 'white')[n % 2]},n{n}\n" for n in range(300))
NOTES = ("plain", "-5", "=1+1", '"a,b"', '"two\nlines"', " x ")
MIXED = "".join(f"{n},red,{NOTES[n % 6]}\n" for n in range(90))


@pytest.mark.parametrize("body", [PLAIN, MIXED, PLAIN + MIXED + PLAIN, PLAIN.replace("\n", "\r\n")])
def test_the_block_size_changes_nothing(tmp_path: Path, body: str) -> None:
    content = "size,colour,=note\n" + body
    answers = [score(tmp_path, content, block) for block in BLOCKS]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0].startswith(b"size,colour,'=note,prediction\n")
    assert answers[0][1] == []


def test_every_record_is_copied_and_predicted(tmp_path: Path) -> None:
    answer, _ = score(tmp_path, "size,colour,note\n" + PLAIN, 64)
    expected = [f"{row},{n / 4 + n % 2 + 1:g}" for n, row in enumerate(PLAIN.splitlines())]
    assert answer.decode().splitlines()[1:] == expected


def test_other_dialects_come_out_as_commas(tmp_path: Path) -> None:
    content = "size;colour;note\r\n1,5;red;x\r\n2;white;y".replace("1,5", "1.5")
    answer, _ = score(tmp_path, content)
    assert answer == b"size,colour,note,prediction\n1.5,red,x,2.5\n2,white,y,4\n"
    answer, _ = score(tmp_path, "size;colour;note\n1.5;red;x,y\n")
    assert answer == b'size,colour,note,prediction\n1.5,red,"x,y",2.5\n'
    answer, _ = score(tmp_path, content.encode("utf-16"), encoding="utf-16")
    assert answer.startswith(b"size,colour,note,prediction\n1.5,red,x,2.5\n")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (PLAIN + "tall,red,x\n" + PLAIN + "inf,red,x\n", "wrong_type"),
        (PLAIN + "1,red\n" + PLAIN, "ragged_row"),
        (PLAIN + "tall,red,x\n" + PLAIN + "\0\n", "nul_byte"),
        (PLAIN + '1,red,"x\n' + PLAIN, "unclosed_quote"),
        (PLAIN + f"1,red,{'x' * 131_073}\n" + PLAIN, "cell_too_long"),
        ("\n\n", "csv_empty"),
    ],
)
def test_the_block_size_changes_no_refusal(tmp_path: Path, body: str, code: str) -> None:
    found = [refusal(tmp_path, "size,colour,note\n" + body, block) for block in BLOCKS]
    assert found[0]["code"] == code
    assert all(one == found[0] for one in found)


def test_what_is_unseen_is_told_the_same(tmp_path: Path) -> None:
    rows = "".join(f"1,c{n % 40:02}\n" for n in range(400, 0, -1))
    told = [score(tmp_path, "size,colour\n" + rows, block)[1] for block in BLOCKS]
    assert all(notices == told[0] for notices in told)
    assert told[0][0].message == "unseen in training: 'c00', 'c21', 'c22' and at least 17 more"
    with pytest.raises(Invalid, match="unseen in training"):
        score(tmp_path, "size,colour\n" + rows, 64, strict=True)
    assert not (tmp_path / "out.csv").exists()


def test_a_forest_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("size,colour,note\n" + PLAIN)
    broken = served(Sum(breaks_at=30))
    with pytest.raises(ArithmeticError):
        score_file(source, target, broken, Reading(), Limits(block_bytes=64), strict=False)
    assert not target.exists()
    assert threads() == []


def test_a_disk_that_fills_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("size,colour,note\n" + PLAIN)

    def full(_: pa.LargeStringArray) -> memoryview:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("services.scoring.text_of", full)
    with pytest.raises(OSError, match="No space"):
        score_file(source, target, served(Sum()), Reading(), Limits(block_bytes=64), strict=False)
    assert not target.exists()
    assert threads() == []


@pytest.mark.parametrize("kind", ["plain", "quoted", "text"])
def test_memory_is_bounded_whatever_the_size(tmp_path: Path, kind: str) -> None:
    """Arrow's memory while a forest predicts, for 40 MiB: a fixed number of blocks, no more."""
    note = {"plain": "x" * 20, "quoted": '"a,b"' + "x" * 15, "text": "é" * 5_000}[kind]
    row = f"1.25,red,{note}\n".encode()
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"size,colour,note\n" + row * (40 * MIB // len(row)))
    forest = Sum()
    before = pa.total_allocated_bytes()
    score_file(source, target, served(forest), Reading(), Limits(), strict=False)
    assert max(forest.used) - before < 10 * ROOM
    assert pa.total_allocated_bytes() - before < ROOM
    assert target.stat().st_size > source.stat().st_size


def test_memory_is_bounded_for_a_wide_table(tmp_path: Path) -> None:
    width, source, target = 8_000, tmp_path / "in.csv", tmp_path / "out.csv"
    features = [Feature(f"x{n}", "number") for n in range(width)]
    head = ",".join(feature.name for feature in features).encode() + b"\n"
    source.write_bytes(head + (b"1.5," * (width - 1) + b"1.5\n") * 2_500)
    forest = Sum(features)
    before = pa.total_allocated_bytes()
    score_file(source, target, served(forest), Reading(), Limits(), strict=False)
    # One block at a time, of 30 MiB, in which the numbers take twice the room of their text.
    assert max(forest.used) - before < 120 * MIB
