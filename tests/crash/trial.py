"""One operation, cut off at its n-th event; what it leaves must be whole."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.crash.agreement import assert_agreement, differences
from tests.crash.client import OPEN, Answer
from tests.crash.operations import OPERATIONS, Operation
from tests.crash.stage import Event, Stage
from tests.story import fresh

PATIENCE = 60.0
NEVER = 10**6
COMMIT = "before a commit"


@dataclass(frozen=True)
class Trial:
    """How it went: the events that were counted, and the one at which a process was killed."""

    events: list[Event]
    killed: Event | None


def run(stage: Stage, operation: str, name: str, number: int, *, cancel: bool = False) -> Trial:
    """Do an operation, kill at event `number`, recover, and look.

    With `cancel` its job is cancelled before anybody can go on with it.
    """
    chosen = OPERATIONS[operation]
    chosen.needs(stage.client, name)
    assert_agreement(stage.home)
    stage.arm(number)
    answer = chosen.act(stage.client, name)
    settle(stage, answer, number)
    events = stage.disarm()
    killed = events[number - 1] if len(events) >= number else None
    job = recover(stage, killed, name, cancel=cancel and chosen.is_job)
    assert_agreement(stage.home)
    assert_whole(stage, chosen, name, answer, job)
    assert job != "failed" or is_child(killed), f"{operation} failed after {killed}"
    forget(stage, name)
    return Trial(events, killed)


def whole_of(stage: Stage, operation: str) -> list[str]:
    """The events of an operation that nobody cuts off."""
    events = [event.what for event in run(stage, operation, fresh("whole"), NEVER).events]
    assert COMMIT in events
    return events


def run_respawned(stage: Stage, operation: str, name: str, number: int) -> Trial:
    """Do an operation that is no job, kill the web at event `number`, and just go on.

    gunicorn itself starts another process in the place of one that was killed: what is served
    then must be what the rows say, and not only after the next start of all.
    """
    chosen = OPERATIONS[operation]
    chosen.needs(stage.client, name)
    assert_agreement(stage.home)
    stage.arm(number)
    chosen.act(stage.client, name)
    events = stage.disarm()
    stage.wait_for_web()
    chosen.look(stage.client, name)
    stage.prepare()
    assert_agreement(stage.home)
    forget(stage, name)
    return Trial(events, events[number - 1] if len(events) >= number else None)


def run_taken_over(stage: Stage, name: str, number: int) -> Trial:
    """Kill a worker in the middle of a training, and the next one at its event `number`.

    It is to be killed while it starts, takes over and goes on; yet another one does it all.
    """
    OPERATIONS["train"].needs(stage.client, name)
    assert_agreement(stage.home)
    answer = OPERATIONS["train"].act(stage.client, name)
    stage.kill_worker()
    stage.arm(number)
    stage.open()
    settle(stage, answer, number)
    events = stage.disarm()
    killed = events[number - 1] if len(events) >= number else None
    job = recover(stage, killed, name, cancel=False)
    assert_agreement(stage.home)
    assert_whole(stage, OPERATIONS["train"], name, answer, job)
    forget(stage, name)
    return Trial(events, killed)


def settle(stage: Stage, answer: Answer | None, number: int) -> None:
    """Wait until somebody was killed, or the operation is over and tidied up after."""
    job = job_of(answer)
    deadline = time.monotonic() + PATIENCE
    while len(stage.events()) < number and not is_over(stage, job):
        assert time.monotonic() < deadline, f"neither over nor killed: {stage.events()}"
        time.sleep(0.02)


def is_over(stage: Stage, job: str | None) -> bool:
    state = stage.client.job(job) if job else {"state": "none"}
    return state is not None and state["state"] not in OPEN and not differences(stage.home)


def recover(stage: Stage, killed: Event | None, name: str, *, cancel: bool) -> str | None:
    """Start again what was killed, as run.sh does; returns how the job ended, if there was one."""
    if killed is not None and stage.web and killed.group == stage.web.pid:
        stage.kill_web()
    elif killed is not None and stage.worker and killed.process == stage.worker.pid:
        stage.kill_worker()
    if cancel:
        stage.kill_worker()
        cancel_all(stage, name)
    stage.prepare()
    stage.open()
    jobs = jobs_of(stage, name)
    return str(stage.client.over(jobs[0])["state"]) if jobs else None


def cancel_all(stage: Stage, name: str) -> None:
    """Cancel what is open while no worker lives."""
    if stage.web is None:
        stage.open_web()
    for job in jobs_of(stage, name):
        stage.client.ask("POST", f"/jobs/{job}/cancel")


def jobs_of(stage: Stage, name: str) -> list[str]:
    """The jobs on what bears the name, the newest first."""
    answer = stage.client.must("GET", f"/jobs?dataset={name}")
    return [job["id"] for job in answer.json["items"]]


def job_of(answer: Answer | None) -> str | None:
    return str(answer.json["id"]) if answer is not None and answer.status == 202 else None


def is_child(killed: Event | None) -> bool:
    return killed is not None and killed.process != killed.group


def assert_whole(
    stage: Stage, operation: Operation, name: str, answer: Answer | None, job: str | None
) -> None:
    """What was promised was done, what failed was not, and nothing was done by halves."""
    done = operation.look(stage.client, name)
    accepted = job_of(answer)
    if answer is not None:
        assert answer.status < 300, answer.content
    if accepted is not None:
        state = stage.client.over(accepted)["state"]
        assert state == job
        assert done == (state == "succeeded"), f"{state}, but done: {done}"
    elif answer is not None:
        assert done, f"answered {answer.status}, but not done"


def forget(stage: Stage, name: str) -> None:
    for path in (f"/experiments/{name}", f"/datasets/{name}", f"/datasets/{name}-other"):
        answer = stage.client.ask("DELETE", path)
        assert answer is not None
        assert answer.status in (204, 404)
