"""No database, no room, no right to write: what can be told still is, what cannot says so."""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.grove import Client
from tests.forms import FORM, part
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem_body
from tests.service import Service, running
from tests.waits import wait_until

pytestmark = pytest.mark.real

KEY = "k" * 40
ROW = {"RI": 1.5, "Na": 14, "Mg": 0, "Al": 2, "Si": 73, "K": 0, "Ca": 9, "Ba": 2, "Fe": 0}
PREDICT = ("POST", "/v1/experiments/glass/predict", {"rows": [ROW]})
READS = [PREDICT, ("GET", "/v1/datasets", None), ("GET", "/v1/experiments/glass", None)]
CREATE = ("POST", "/v1/experiments", {"id": "more", "dataset": "glass", "target": "Type"})
WRITES = [
    CREATE,
    ("POST", "/v1/experiments/glass/train", {"n_estimators": 5}),
    ("PATCH", "/v1/experiments/glass", {"description": "new"}),
    ("DELETE", "/v1/datasets/glass", None),
]
LOCKED_SECONDS = 10
MEGABYTE = 2**20
Answer = tuple[int, Any, bytes]


@contextlib.contextmanager
def trained(home: Path, **chosen: str) -> Iterator[tuple[Service, Client]]:
    """A service with a forest that has answered once."""
    with running(home, GROVE_KEY=KEY, **chosen) as service:
        client = Client(service.address, KEY)
        client.do("POST", "/v1/experiments", {"id": "glass", "dataset": "glass", "target": "Type"})
        client.do("POST", "/v1/experiments/glass/train", {"n_estimators": 10})
        assert statuses(client, READS) == [200] * len(READS)
        yield service, client


def statuses(client: Client, requests: list[tuple[str, str, Any]]) -> list[int]:
    return [client.ask(*each)[0] for each in requests]


def assert_later(answer: Answer, *codes: tuple[int, str]) -> None:
    """One of these problems, and when to come back."""
    status, headers, body = answer
    code = json.loads(body)["code"]
    assert (status, code) in codes, body
    assert_problem_body(body.decode(), status, code)
    if status == 503:
        assert int(headers["Retry-After"]) >= 1


@contextlib.contextmanager
def locked(home: Path, seconds: float) -> Iterator[None]:
    """Another process has SQLite to itself for so long, and then lets go."""
    with closing(sqlite3.connect(home / "grove.sqlite", timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        yield
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        other.execute("ROLLBACK")


def ask_at_once(client: Client, requests: list[tuple[str, str, Any]]) -> list[Answer]:
    """The answers, in the order of the requests; none waits for another."""
    answers: dict[int, Answer] = {}

    def ask(number: int) -> None:
        answers[number] = client.ask(*requests[number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(requests))]


def assert_well_again(client: Client) -> None:
    """Whichever process and connection is asked."""
    wait_until(lambda: client.ask("GET", "/readyz")[0] == 200)
    assert statuses(client, [WRITES[2]] * 30) == [200] * 30
    client.do(*CREATE)


def test_a_locked_database_holds_up_writes_alone(tmp_path: Path) -> None:
    with trained(tmp_path) as (_, client):
        before = client.get("/v1/jobs")
        with locked(tmp_path, LOCKED_SECONDS):
            ready, alive = ("GET", "/readyz", None), ("GET", "/livez", None)
            answers = ask_at_once(client, [*WRITES[:3], ready, alive, PREDICT, PREDICT])
        for answer in answers[:3]:
            assert_later(answer, (503, "busy"))
        assert_later(answers[3], (503, "not_ready"))
        assert [status for status, *_ in answers[4:]] == [200] * 3
        assert client.get("/v1/jobs") == before
        assert_no_orphans(tmp_path)
        assert_well_again(client)


def test_predict_outlasts_the_lock_beside_all_else(tmp_path: Path) -> None:
    """It asks the database for nothing, and the threads that wait for it are few."""
    with trained(tmp_path) as (_, client), locked(tmp_path, LOCKED_SECONDS):
        found: list[int] = []

        def ask() -> None:
            found.extend(statuses(client, [PREDICT] * 20))

        askers = [threading.Thread(target=ask) for _ in range(4)]
        others = [threading.Thread(target=client.ask, args=each) for each in READS[1:] * 2]
        for thread in (*others, *askers):
            thread.start()
        for thread in (*others, *askers):
            thread.join()
    assert found == [200] * 80


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; without the right to mount it this fails."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left within the block."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (MEGABYTE, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


def test_a_full_disk_stops_writes_alone(small: Path) -> None:
    with trained(small) as (_, client):
        jobs = client.get("/v1/jobs")["total"]
        with full(small):
            table = Path(__file__).parents[1] / "data" / "breast_cancer.csv"
            for method, path, body in [*WRITES, ("PUT", "/v1/datasets/more", table)]:
                answer = client.ask(method, path, body)
                assert_later(answer, (507, "disk_full"), (503, "busy"), (409, "dataset_in_use"))
                assert statuses(client, READS) == [200] * len(READS)
            assert client.ask("GET", "/livez")[0] == 200
        assert client.get("/v1/jobs")["total"] == jobs
        assert_no_orphans(small)
        assert_well_again(client)


def test_a_form_that_fits_but_once(small: Path) -> None:
    """It is spooled, then copied: for the second time there is no room."""
    with trained(small) as (_, client):
        before = files_of(small)
        lines = "a,b,kind\n" + "1.5,2.5,x\n" * 1_700_000
        body = b"".join([part("target", "kind"), part("file", lines, "a.csv"), b"--x--\r\n"])
        headers = {**client.headers, "Content-Type": FORM}
        connection = http.client.HTTPConnection(client.address, timeout=60)
        connection.request("POST", "/v1/experiments", body, headers)
        answer = connection.getresponse()
        assert_problem_body(answer.read().decode(), answer.status, "disk_full")
        assert answer.status == 507
        connection.close()
        assert files_of(small) == before
        assert_well_again(client)


def files_of(home: Path) -> set[Path]:
    """All files but those that SQLite comes and goes with."""
    return {each for each in home.rglob("*") if each.is_file() and "sqlite" not in each.name}


def test_a_training_that_fills_the_disk_leaves_the_old_version(small: Path) -> None:
    """Ten thousand trees take several times the room that there is."""
    with trained(small) as (_, client):
        client.ask("POST", "/v1/experiments/glass/train", {"n_estimators": 10_000})
        job = client.get("/v1/jobs?kind=train")["items"][0]["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{job}")["state"] == "failed")
        assert client.get(f"/v1/jobs/{job}")["error"]["code"] == "disk_full"
        assert json.loads(client.ask(*PREDICT)[2])["version"] == 1
        assert_no_orphans(small)
        assert_well_again(client)


def test_a_folder_that_is_read_only_stops_writes_alone(small: Path) -> None:
    with trained(small) as (_, client):
        jobs = client.get("/v1/jobs")["total"]
        with read_only(small):
            for each in WRITES[:3]:
                assert_later(client.ask(*each), (507, "disk_full"), (503, "busy"))
                assert statuses(client, READS) == [200] * len(READS)
            assert client.ask("GET", "/livez")[0] == 200
            assert_later(client.ask("GET", "/readyz"), (503, "not_ready"))
        assert client.get("/v1/jobs")["total"] == jobs
        assert_no_orphans(small)
        assert_well_again(client)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in the folder can be written to within the block, whoever asks."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
