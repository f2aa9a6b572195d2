"""Every command of the README is run, and gives the answer that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console import Example, assert_holds, examples, shell, warm_up
from tests.service import ROOT, Service, running

README = (ROOT / "README.md").read_text()
# What starts the service is how these tests start it; Docker's engine is not everywhere.
ELSEWHERE = ("./run.sh", "./run.sh test", "docker ")


EXAMPLES = examples(README)
CURLS = [example for example in EXAMPLES if example.command.startswith("curl")]
OPERATING = [e for e in EXAMPLES if re.search(r"run\.sh (check|backup|restore)", e.command)]
KEYS = [example for example in EXAMPLES if example.command.startswith("./run.sh key")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("home")) as started:
        warm_up(started)
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a newcomer stands: a clone, with its data folder."""
    place = tmp_path_factory.mktemp("clone")
    (place / "data").symlink_to(ROOT / "data")
    return place


def test_there_is_no_command_that_nothing_runs() -> None:
    others = [e.command for e in EXAMPLES if e not in CURLS + KEYS + OPERATING]
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
