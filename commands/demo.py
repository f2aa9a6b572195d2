"""`./run.sh demo`: the main job from start to finish, each step as the curl that it is."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.progress import watched

ROOT = Path(__file__).resolve().parents[1]
ROW = {
    "RI": 1.51711, "Na": 14.23, "Mg": 0.0, "Al": 2.08, "Si": 73.36,
    "K": 0.0, "Ca": 8.62, "Ba": 1.67, "Fe": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One request of the demo: what it is for, and all that curl needs to know.

    `works` is one whose job is waited for, on a slow machine longer than the usual ten seconds.
    """

    title: str
    path: str
    body: dict[str, Any] | None = None
    method: str = "GET"
    show: tuple[str, ...] = ()
    works: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """What is said of the request."""
        kind = {"Content-Type": "application/json"} if self.body is not None else {}
        return {**kind, "Prefer": "wait=60"} if self.works else kind

    def curl(self, address: str) -> str:
        """The request as a command."""
        words = ["curl", "-s"]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.body is not None:
            words += ["-d", json.dumps(self.body)]
        elif self.method != "GET":
            words += ["-X", self.method]
        return shlex.join([*words[:2], address + self.path, *words[2:]])

    def send(self, address: str) -> Any:
        """The request itself, and its answer."""
        data = None if self.body is None else json.dumps(self.body).encode()
        method = "POST" if data else self.method
        request = urllib.request.Request(address + self.path, data, self.headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.load(answer)


STEPS = (
    Step("The table", "/v1/datasets/glass", show=("name", "rows", "sha256")),
    Step(
        "An experiment: 20 % of each class are kept for the test",
        "/v1/experiments",
        {"id": "glass", "dataset": "glass", "target": "Type"},
        show=("id", "type", "status", "train_rows", "test_rows", "train_path", "test_path"),
        works=True,
    ),
    Step(
        "A forest of 100 trees",
        "/v1/experiments/glass/train",
        method="POST",
        show=("experiment", "version", "active", "fit_seconds", "size"),
        works=True,
    ),
    Step(
        "How good is it on rows that it has never seen?",
        "/v1/experiments/glass/test",
        method="POST",
        show=("experiment", "version", "result"),
        works=True,
    ),
    Step(
        "What kind of glass is this?",
        "/v1/experiments/glass/predict",
        {"rows": [ROW]},
        show=("experiment", "version", "predictions"),
    ),
)
RESULT = ("accuracy", "f1", "f1_weighted", "roc_auc")


def main() -> None:
    """Serve in a folder of its own, go through the steps, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="grove-demo-") as home:
        address = f"127.0.0.1:{_free_port()}"
        own = {k: v for k, v in os.environ.items() if not k.startswith("GROVE_")}
        chosen = {"GROVE_HOME": home, "GROVE_BIND": address, "GROVE_LOG_LEVEL": "warning"}
        service = subprocess.Popen(  # noqa: S603
            [ROOT / "run.sh"], env={**own, **chosen}, stdout=subprocess.PIPE, text=True
        )
        try:
            _wait_until_greeted(service)
            for number, step in enumerate(STEPS, 1):
                _go(number, step, f"http://{address}")
        finally:
            service.send_signal(signal.SIGTERM)
            service.communicate()
    print("That was all of it. ./run.sh starts the service for you to go on with.")  # noqa: T201


def _wait_until_greeted(service: subprocess.Popen[str]) -> None:
    for line in service.stdout or ():
        if "Grove is ready" in line:
            return
    sys.exit("the service did not start; what it wrote above says why")


def _go(number: int, step: Step, address: str) -> None:
    print(f"{number}. {step.title}\n\n  $ {step.curl(address)}\n", flush=True)  # noqa: T201
    answer = watched(lambda: step.send(address), lambda: _newest_job(address), sys.stdout)
    shown = {name: answer[name] for name in step.show}
    if "result" in shown:
        shown["result"] = {name: answer["result"][name] for name in RESULT}
    text = json.dumps(shown, indent=2)
    print(f"  {text.replace(chr(10), chr(10) + '  ')}\n", flush=True)  # noqa: T201


def _newest_job(address: str) -> Any:
    """The job that is under way, if there is one."""
    newest = Step("", "/v1/jobs?page_size=1").send(address)["items"]
    return newest[0] if newest and newest[0]["state"] == "running" else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
