"""Every command of the README is run, and gives the answer that it shows."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service import ROOT, Service, running

README = (ROOT / "README.md").read_text()
# What starts the service is how these tests start it; Docker's engine is not everywhere.
ELSEWHERE = ("./run.sh", "./run.sh test", "docker ")


@dataclass(frozen=True)
class Example:
    """One command and what the README says that it prints."""

    command: str
    answer: str


def examples() -> list[Example]:
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    found = []
    for block in blocks:
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = text.partition("\n")
            found.append(Example(command, answer.strip()))
    return found


CURLS = [example for example in examples() if example.command.startswith("curl")]
OPERATING = [e for e in examples() if re.search(r"run\.sh (check|backup|restore)", e.command)]
KEYS = [example for example in examples() if example.command.startswith("./run.sh key")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("home")) as started:
        _warm_up(started)
        yield started


def _warm_up(service: Service) -> None:
    """The first job waits for libraries to be loaded: on a busy machine longer than a curl does."""
    address = f"http://{service.address}/v1/datasets/first"
    for method, body in (("PUT", b"a,b\n1,2\n"), ("DELETE", None)):
        headers = {"Content-Type": "text/csv", "Prefer": "wait=60"}
        request = urllib.request.Request(address, body, headers, method=method)
        urllib.request.urlopen(request, timeout=90).close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a newcomer stands: a clone, with its data folder."""
    place = tmp_path_factory.mktemp("clone")
    (place / "data").symlink_to(ROOT / "data")
    return place


def shell(command: str, service: Service, folder: Path) -> str:
    command = command.replace("localhost:5000", service.address)
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=service.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_no_command_that_nothing_runs() -> None:
    others = [e.command for e in examples() if e not in CURLS + KEYS + OPERATING]
    assert [command for command in others if not command.startswith(ELSEWHERE)] == []
    assert len(CURLS) >= 5


@pytest.mark.parametrize("example", CURLS, ids=lambda example: example.command[:60])
def test_a_curl_answers_as_shown(example: Example, service: Service, folder: Path) -> None:
    printed = shell(example.command, service, folder)
    if example.answer:
        assert_holds(json.loads(printed), json.loads(example.answer))


def test_the_file_of_predictions(service: Service, folder: Path) -> None:
    lines = (folder / "predicted.csv").read_text().splitlines()
    assert lines[0].startswith("RI,Na,Mg,Al,Si,K,Ca,Ba,Fe,Type,prediction,probability_1,")
    assert len(lines) == 215


def test_the_greeting_can_be_pasted(service: Service, folder: Path) -> None:
    commands = re.search(r"one row:\n\n(.*)\n\nThe README", service.greeting, re.DOTALL)
    assert commands
    printed = shell(commands[1], service, folder)
    assert '"status":"ready"' in printed
    assert '"version":1' in printed


@pytest.mark.sqlite
def test_backups(service: Service, tmp_path: Path) -> None:
    printed = [
        shell(example.command.replace("/var/backups", str(tmp_path)), service, ROOT)
        for example in OPERATING
    ]
    assert len(printed) == 3
    assert all("problems: 0" in text for text in printed)


def test_the_keys(service: Service) -> None:
    for example in KEYS:
        shell(example.command, service, ROOT)


def assert_holds(actual: Any, shown: Any) -> None:
    """The actual answer holds all that is shown, and may hold more keys."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            assert_holds(actual[key], value)
    elif isinstance(shown, list) and shown and isinstance(shown[0], dict):
        assert len(actual) == len(shown)
        for one, other in zip(actual, shown, strict=True):
            assert_holds(one, other)
    else:
        assert actual == shown
