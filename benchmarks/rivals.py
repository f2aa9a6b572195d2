"""The yardsticks of predict: bare Flask under Grove's own gunicorn, and MLflow."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
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
def bare(folder: Path, app: str = "app") -> Iterator[Question]:
    """A route of benchmarks.bare, with the very arguments that gunicorn serves Grove with."""
    address, log = f"127.0.0.1:{free_port()}", folder / "bare.log"
    arguments = gunicorn_arguments(read({"GROVE_BIND": address}))[:-1]
    command = [sys.executable, "-m", "gunicorn", *arguments, f"benchmarks.bare:{app}"]
    with started(command, log, clean_environ()) as process:
        wait_until(lambda: listens(address), process, log)
        yield Question(f"http://{address}/predict", {"rows": [data.patient()]})


@contextmanager
def session_alone(folder: Path) -> Iterator[Question]:
    """The bare route that runs Grove's own export besides, and nothing else."""
    (export,) = folder.rglob("model.onnx")
    with bare(folder, f"with_session({str(export)!r})") as question:
        yield question


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
    python, model, log = mlflow_python(), folder / "mlflow", folder / "mlflow.log"
    environ = clean_environ(**QUIET)
    environ["PATH"] = f"{python.parent}:{environ['PATH']}"
    _fit(python, model, client, environ)
    address = f"127.0.0.1:{free_port()}"
    serve = ["models", "serve", "-m", str(model), "--env-manager", "local", "-h", "127.0.0.1"]
    bound = ["-p", address.rpartition(":")[2], "-w", str(MLFLOW_WORKERS)]
    with started([str(python.parent / "mlflow"), *serve, *bound], log, environ) as process:
        wait_until(lambda: listens(address, "/ping"), process, log)
        row = data.patient()
        split = {"columns": list(row), "data": [list(row.values())]}
        yield Question(f"http://{address}/invocations", {"dataframe_split": split})


def _fit(python: Path, model: Path, client: grove.Client, environ: Mapping[str, str]) -> None:
    """Have MLflow keep the forest of Grove's training part. Raises BenchError."""
    rows = model.with_name("train.csv")
    rows.write_bytes(client.ask("GET", f"/v1/experiments/{grove.CANCER}/splits/train")[2])
    fit = [*map(str, (python, FIT, rows)), data.CANCER_TARGET, str(grove.SEED), str(model)]
    done = subprocess.run(  # noqa: S603
        fit, env=environ, cwd=model.parent, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"MLflow cannot keep the forest: {done.stderr[-1000:]}")


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
