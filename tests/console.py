"""The commands of a page, with the answers that it shows, and how they are run."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service import Service


@dataclass(frozen=True)
class Example:
    """One command and what the page says that it prints."""

    command: str
    answer: str


def examples(page: str) -> list[Example]:
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    found = []
    for block in blocks:
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = text.partition("\n")
            found.append(Example(command, answer.strip()))
    return found


def warm_up(service: Service) -> None:
    """The first job waits for libraries to be loaded: on a busy machine longer than a curl does."""
    address = f"http://{service.address}/v1/datasets/first"
    for method, body in (("PUT", b"a,b\n1,2\n"), ("DELETE", None)):
        headers = {"Content-Type": "text/csv", "Prefer": "wait=60"}
        request = urllib.request.Request(address, body, headers, method=method)
        urllib.request.urlopen(request, timeout=90).close()


def shell(command: str, service: Service, folder: Path) -> str:
    command = command.replace("localhost:5000", service.address)
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=service.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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
