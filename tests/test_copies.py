"""Copies of datasets spare a split the reading of the CSV, and are left nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services import copies
from services.reading import Limits, Reading, describe
from services.setup import prepare
from services.splits.foresight import foresee
from services.splits.plan import Plan
from services.splits.split import split
from tests.forms import post
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, fresh, settings_for, worker
from tests.traces import settled, unchanged


def test_the_oldest_go_where_all_are_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copies"
    for name in ("a", "b", "c"):
        source = tmp_path / f"{name}.csv"
        source.write_text(flowers(100))
        with copies.begun(folder, source) as copy:
            describe(source, Reading(), copy=copy)
        size = (folder / f"{name}.arrow").stat().st_size
        monkeypatch.setattr(copies, "MOST_BYTES", 2 * size)  # room for two
    assert copies.opened(folder, tmp_path / "a.csv") is None
    for name in ("b", "c"):
        file = copies.opened(folder, tmp_path / f"{name}.csv")
        assert file is not None
        file.close()


def test_one_that_cannot_be_removed_costs_the_copy_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, source = tmp_path / "copies", tmp_path / "a.csv"
    folder.mkdir()
    source.write_text(flowers(100))
    (folder / "b.arrow").write_bytes(bytes(1_000))
    monkeypatch.setattr(copies, "MOST_BYTES", 1_000)
    monkeypatch.setattr(copies, "remove", lambda _: (tmp_path / "x" / "y").rmdir())
    with copies.begun(folder, source) as copy:
        assert describe(source, Reading(), copy=copy) == describe(source, Reading())
    assert [file.name for file in folder.iterdir()] == ["b.arrow"]


def test_what_is_being_written_takes_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, source = tmp_path / "copies", tmp_path / "a.csv"
    folder.mkdir()
    source.write_text(flowers(100))
    other = folder / ".b.arrow"
    other.write_bytes(bytes(1_000))
    for most, finished in ((1_100, False), (100_000, True)):
        monkeypatch.setattr(copies, "MOST_BYTES", most)
        with copies.begun(folder, source) as copy:
            describe(source, Reading(), copy=copy)
        assert (folder / "a.arrow").exists() is finished
    assert other.exists()


def test_one_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.touch()
    with pytest.raises(KeyError), copies.begun(tmp_path / "copies", source):
        raise KeyError
    assert not list((tmp_path / "copies").iterdir())


def test_a_place_that_is_none_costs_the_copy_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = tmp_path / "a.csv"
    source.write_text(flowers(100))
    with copies.begun(tmp_path / "file" / "copies", source) as copy:
        assert describe(source, Reading(), copy=copy) == describe(source, Reading())
    assert not copy.finished
    assert copies.opened(tmp_path / "file" / "copies", source) is None


def found(home: Path) -> set[Path]:
    return set(home.glob("copies/*/*"))


def test_a_split_is_the_same_with_it_and_without(story: Story, home: Path) -> None:
    before = found(home)
    name = story.make_dataset(flowers(500))
    (copy,) = found(home) - before
    fields: dict[str, Any] = {"dataset": name, "random_state": 5, "calibration_size": 0.2}
    one = story.make_experiment(**fields)
    assert copy.exists()
    copy.unlink()
    other = story.make_experiment(**fields)
    for part in ("train", "test", "calibration"):
        ours, theirs = (story.get(each, f"/splits/{part}") for each in (one, other))
        assert ours.status_code == 200
        assert ours.data == theirs.data


def test_one_that_is_damaged_is_not_believed(story: Story, home: Path) -> None:
    """The CSV is read again, and the copy is gone."""
    before = found(home)
    name = story.make_dataset(flowers(500))
    (copy,) = found(home) - before
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    one, other = (story.make_experiment(dataset=name, random_state=5) for _ in range(2))
    assert not copy.exists()
    ours, theirs = (story.get(each, "/splits/test").data for each in (one, other))
    assert ours == theirs


def test_what_is_split_is_the_copy(tmp_path: Path) -> None:
    source, kept = tmp_path / "a.csv", tmp_path / "copies"
    source.write_text(flowers(300))
    with copies.begun(kept, source) as copy:
        described = describe(source, Reading(), copy=copy)
    source.unlink()
    plan = Plan.of({"target": "kind"})
    made = split(source, described, plan, tmp_path / "split", Limits(), lambda _: None, kept)
    assert sum(made.rows.values()) == 300


def test_what_is_foreseen_is_told_from_the_copy(tmp_path: Path) -> None:
    source, kept, folder = tmp_path / "a.csv", tmp_path / "copies", tmp_path / "split"
    source.write_text(flowers(300))
    with copies.begun(kept, source) as copy:
        described = describe(source, Reading(), copy=copy)
    plan = Plan.of({"target": "kind"})
    from_csv = foresee(source, described, plan, folder, Limits())
    source.unlink()
    from_copy = foresee(source, described, plan, folder, Limits(), kept)
    told = [{**each, "seconds": 0} for each in (from_csv, from_copy)]
    assert told[0] == told[1]


def test_a_dry_run_makes_none(story: Story, home: Path) -> None:
    before = found(home)
    answer = post(story, flowers(70), id=fresh(), dry_run="true")
    assert answer.status_code == 200, answer.text
    assert found(home) == before


def test_a_folder_that_cannot_be_removed_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that still runs may write there: that must not end who tidies up."""
    (tmp_path / "x").mkdir()
    monkeypatch.setattr(copies, "remove", lambda _: (tmp_path / "x" / "y").rmdir())
    copies.drop(tmp_path / "x")
    assert (tmp_path / "x").exists()


def test_it_goes_with_its_dataset(story: Story, home: Path) -> None:
    before = settled(home)
    name = story.make_dataset(flowers(50))
    first = settled(home) - before
    assert story.put(name, flowers(51)).status_code == 200
    assert settled(home).isdisjoint(first)
    assert len(settled(home) - before) == len(first)
    assert story.client.delete(f"/v1/datasets/{name}").status_code == 204
    assert settled(home) == before


def test_a_table_that_is_not_kept_has_none(story: Story, home: Path) -> None:
    """It is in order, but its target is not: the copy was made before that is found out."""
    with unchanged(story, home):
        answer = post(story, flowers(70), id=fresh(), target="nothing")
        assert_problem(answer, 422, "target_not_found")


def test_they_go_with_their_worker(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app, worker(tmp_path):
        story = Story(app.test_client())
        story.make_experiment(flowers(100))
        assert len(found(tmp_path)) == 1
    assert not list((tmp_path / "copies").iterdir())
