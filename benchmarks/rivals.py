"""The yardsticks of predict: bare Flask under Grove's own gunicorn, and MLflow."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import data, grove
from benchmarks.faults import BenchError
from benchmarks.load import Question
from benchmarks.processes import ROOT, clean_environ, free_port, started, wait_until
from controllers.server import gunicorn_arguments
from services.settings import read

MLFLOW = "3.17.2"
MLFLOW_WORKERS = 2
PLACE = Path(__file__).parent / ".mlflow"
FIT = Path(__file__).with_name("mlflow_fit.py")
# It is a yardstick on this machine, not something to be told home about.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@contextmanager
def bare(folder: Path) -> Iterator[Question]:
    """The bare Flask route, with the very arguments that gunicorn serves Grove with."""
    address = f"127.0.0.1:{free_port()}"
    arguments = gunicorn_arguments(read({"GROVE_BIND": address}))[:-1]
    command = [sys.executable, "-m", "gunicorn", *arguments, "benchmarks.bare:app"]
    with started(command, folder / "bare.log", clean_environ()) as process:
        wait_until(lambda: listens(address), process, folder / "bare.log")
        yield Question(f"http://{address}/predict", {"rows": [data.patient()]})


def mlflow_python() -> Path:
    """The interpreter of an environment with MLflow, made once. Raises BenchError."""
    python = PLACE / "bin" / "python3"
    if (PLACE / "installed").exists():
        return python
    pinned = re.search(r"^scikit-learn==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned, "requirements.txt pins scikit-learn"
    venv.create(PLACE, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", f"mlflow=={MLFLOW}", pinned[0]]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BenchError(f"MLflow {MLFLOW} cannot be installed: {done.stderr.strip()[-500:]}")
    (PLACE / "installed").write_text(f"mlflow=={MLFLOW} {pinned[0]}\n")
    return python


@contextmanager
def mlflow(folder: Path, client: grove.Client) -> Iterator[Question]:
    """`mlflow models serve` on the forest that Grove has: the same rows, the same seed."""
    python = mlflow_python()
    model, rows, log = folder / "mlflow", folder / "train.csv", folder / "mlflow.log"
    rows.write_bytes(client.ask("GET", f"/v1/experiments/{grove.CANCER}/splits/train")[2])
    environ = clean_environ(**QUIET)
    environ["PATH"] = f"{python.parent}:{environ['PATH']}"
    fit = [*map(str, (python, FIT, rows)), data.CANCER_TARGET, str(grove.SEED), str(model)]
    done = subprocess.run(  # noqa: S603
        fit, env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"MLflow cannot keep the forest: {done.stderr[-1000:]}")
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(
            str(python.parent / "mlflow"),
            "models",
            "serve",
            "-m",
            str(model),
            "--env-manager",
            "local",
        ),
        *("-h", "127.0.0.1", "-p", address.rpartition(":")[2], "-w", str(MLFLOW_WORKERS)),
    ]
    with started(command, log, environ) as process:
        wait_until(lambda: listens(address, "/ping"), process, log)
        row = data.patient()
        split = {"columns": list(row), "data": [list(row.values())]}
        yield Question(f"http://{address}/invocations", {"dataframe_split": split})


def listens(address: str, path: str = "/") -> bool:
    """Whether anything answers there."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        return bool(connection.getresponse().status)
    except OSError:
        return False
    finally:
        connection.close()


def answer(question: Question) -> Any:
    """The JSON that a question is answered with."""
    address, _, path = question.url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        body = json.dumps(question.body)
        connection.request("POST", f"/{path}", body, {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
