"""The worst moments for a kill: between a file that was changed and the row that says so."""

from __future__ import annotations

from tests.crash.stage import Stage
from tests.crash.trial import COMMIT, run, run_respawned, run_taken_over, whole_of
from tests.story import fresh


def test_killed_while_the_active_file_is_written(stage: Stage) -> None:
    number = place(whole_of(stage, "promote"), "os.rename active/")
    assert run(stage, "promote", fresh("cut"), number).killed is not None


def test_killed_before_a_new_split_is_committed_and_cancelled(stage: Stage) -> None:
    number = commit_after(whole_of(stage, "split anew"), "os.rename experiments/")
    assert run(stage, "split anew", fresh("cut"), number, cancel=True).killed is not None


def test_killed_before_a_version_is_committed_and_cancelled(stage: Stage) -> None:
    number = commit_after(whole_of(stage, "train"), "os.rename active/")
    assert run(stage, "train", fresh("cut"), number, cancel=True).killed is not None


def test_killed_before_a_promotion_is_committed_and_only_the_process_replaced(
    stage: Stage,
) -> None:
    number = commit_after(whole_of(stage, "promote"), "os.rename active/")
    cut = run_respawned(stage, "promote", fresh("cut"), number)
    assert cut.killed is not None
    assert cut.killed.what == COMMIT


def test_a_worker_killed_while_it_takes_its_lease_leaves_no_lock(stage: Stage) -> None:
    assert run_taken_over(stage, fresh("cut"), 2).killed is not None


def place(events: list[str], words: str) -> int:
    """The number of the first such event."""
    return 1 + [event.startswith(words) for event in events].index(True)


def commit_after(events: list[str], words: str) -> int:
    """The number of the commit that comes after the first such event."""
    return 1 + events.index(COMMIT, place(events, words))
