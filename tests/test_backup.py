"""`backup`: whole while the service works, or not there at all."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from services.backup import backup
from services.files import keep
from services.setup import prepare
from tests.homes import checked, copied, warm_up
from tests.service import ROOT, environ_for
from tests.story import Story, app_on, settings_for, worker

pytestmark = pytest.mark.sqlite


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env=environ_for(home), capture_output=True, text=True)


def test_the_command_copies_all(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.mkdir()  # empty: it may be there
    done = run(whole, "-m", "commands.backup", str(target))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"; problems: 0\nThe backup is in {target}.\n")
    assert list(tmp_path.iterdir()) == [target]
    assert checked(target).problems == []
    assert files(target) == files(whole) - {"grove.sqlite-journal"} - locks(whole)
    assert target.stat().st_mode & 0o777 == 0o700  # it holds what opens the service


def files(home: Path) -> set[str]:
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith("grove.sqlite-")}


def locks(home: Path) -> set[str]:
    return {f"workers/{path.name}" for path in (home / "workers").iterdir()}


def test_it_is_whole_while_everything_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    prepare(settings_for(home))
    with app_on(home) as app, worker(home):
        story = Story(app.test_client())
        warm_up(story)
        story.make_trained(id="served", dataset="flowers")
        with changing(Story(app.test_client())) as done:
            for number in range(4):
                seen, target = len(done), tmp_path / f"kept-{number}"
                assert backup(settings_for(home), target).problems == []
                assert checked(target).problems == []
                assert checked(home).problems == []
                wait_for_more(done, seen)
    assert sorted(each.name for each in tmp_path.iterdir() if "unfinished" in each.name) == []


@contextmanager
def changing(story: Story) -> Iterator[list[str]]:
    """Datasets, experiments and versions come and go; the list grows with each round."""
    over = threading.Event()
    done: list[str] = []

    def go_round() -> None:
        while not over.is_set():
            experiment = story.make_trained()
            story.train("served", n_estimators=2)
            story.patch("served", {"active_version": 1 + len(done) % 2})
            dataset = story.get(experiment).json["dataset"]
            assert story.delete(experiment).status_code == 204
            assert story.client.delete(f"/v1/datasets/{dataset}").status_code == 204
            done.append(experiment)

    thread = threading.Thread(target=go_round)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def wait_for_more(done: list[str], seen: int) -> None:
    deadline = time.monotonic() + 60
    while len(done) <= seen:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_deleted_before_it_is_copied_has_no_row_in_the_copy(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, calls = copied(whole, tmp_path / "home"), count()

    def delete_and_keep(blocks: Iterable[bytes], path: Path) -> tuple[str, int]:
        if next(calls) == 0:
            with app_on(home) as app:
                assert Story(app.test_client()).delete("split").status_code == 204
        return keep(blocks, path)

    monkeypatch.setattr("services.backup.keep", delete_and_keep)
    assert backup(settings_for(home), tmp_path / "kept").problems == []
    with app_on(tmp_path / "kept") as app:
        assert Story(app.test_client()).get("split").status_code == 404
    assert len(list((tmp_path / "kept" / "experiments").glob("*/splits/*"))) == 1
