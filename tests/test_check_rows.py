"""`check`: rows that do not agree, and a database that is damaged itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes import change, checked, copied

pytestmark = pytest.mark.sqlite

TRAINED, SPLIT = "experiment 'trained'", "experiment 'split'"


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


def said(home: Path, kind: str) -> list[tuple[str, str]]:
    """The problems of this kind: where, and what."""
    found = checked(home).problems
    return [(problem.place, problem.what) for problem in found if problem.kind == kind]


SECOND = "model_path = (SELECT model_path FROM versions WHERE number = 2)"
FOREIGN = "train_path = (SELECT train_path FROM experiments WHERE id = 'trained')"


@pytest.mark.parametrize(
    ("change_to", "where", "words"),
    [
        ("active_version = 7", TRAINED, "has no version 7"),
        ("active_version = NULL", TRAINED, "another model_path"),
        (SECOND, TRAINED, "another model_path"),
        (FOREIGN, SPLIT, "one split of its own"),
        ("test_path = NULL", SPLIT, "no test_path"),
        ("checksums = '{}'", SPLIT, "checksum"),
        ("status = 'splitting'", SPLIT, "no job"),
    ],
)
def test_an_experiment_that_does_not_agree(
    change_to: str, where: str, words: str, home: Path
) -> None:
    change(home, f"UPDATE experiments SET {change_to} WHERE id = ?", where.split("'")[1])  # noqa: S608
    assert (where, True) in {(place, words in what) for place, what in said(home, "row")}


@pytest.mark.parametrize(
    ("change_to", "number", "words"),
    [
        ("number = 8", 8, "newest, 2"),
        ("job = 'x'", 2, "not in its own folder"),
        ("checksums = '{}'", 2, "no checksum of"),
    ],
)
def test_a_version_that_does_not_agree(change_to: str, number: int, words: str, home: Path) -> None:
    change(home, f"UPDATE versions SET {change_to} WHERE number = 2")  # noqa: S608
    ((place, what),) = said(home, "row")
    assert place == f"version {number} of {TRAINED}"
    assert words in what


@pytest.mark.parametrize("file", ["/etc/hosts", "datasets/../../x"])
def test_a_path_that_leads_outside(file: str, home: Path) -> None:
    change(home, "UPDATE datasets SET file = ? WHERE name = 'glass'", file)
    assert said(home, "row") == [("dataset 'glass'", "names a file outside of the home")]


def test_a_row_that_names_one_that_is_not_there(home: Path) -> None:
    change(home, "UPDATE experiments SET dataset = 'gone' WHERE id = 'split'")
    ((place, what),) = said(home, "database")
    assert place.endswith(" of experiments")
    assert "datasets" in what


def test_a_value_that_no_service_wrote(home: Path) -> None:
    change(home, "UPDATE versions SET manifest = '{' WHERE number = 1")
    ((_, what),) = said(home, "database")
    assert "JSONDecodeError" in what


def test_a_database_with_a_broken_page(home: Path) -> None:
    file = home / "grove.sqlite"
    body = bytearray(file.read_bytes())
    for page in range(2, len(body) // 4096):
        body[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(body)
    assert said(home, "database")
    assert not [problem for problem in checked(home).problems if "\n" in problem.line()]


def test_a_home_without_a_database(tmp_path: Path) -> None:
    ((_, what),) = said(tmp_path / "none", "database")
    assert "unable to open" in what
    assert not (tmp_path / "none").exists()
