"""Asks a service, which it starts itself, for as long as wanted: python -m tests.fuzz.api.

Every request that ends in a 5xx is printed at once, as a curl to repeat it with, and of every
other failure of a check the first few. It ends with 1 where there was any 5xx.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import schemathesis
from schemathesis import engine

from tests.fuzz.asking import KEY, KNOWN, Asked, configuration
from tests.service import Service, running
from tests.story import flowers

JSON, CSV = "application/json", "text/csv"
# Of each operation in one round; a round has all of them, then ways from one to the next.
EXAMPLES = 50


def main(arguments: list[str]) -> int:
    """The command; 1 where anything ended in a 5xx, or in no answer."""
    chosen = _parser().parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), GROVE_KEY=KEY) as service,
    ):
        found = ask(service, 60 * chosen.minutes, chosen.seed)
    print(found.summary())
    return 1 if found.server_errors or not found.statuses else 0


def ask(service: Service, seconds: float, seed: int) -> Asked:
    """Ask about what is there and what is not, round by round, for so long."""
    address = f"http://{service.address}"
    found, job, end = Asked(_tell), _prepared(address), time.monotonic() + seconds
    while (left := round(end - time.monotonic())) > 0:
        _ask_a_round(found, address, job, {"seed": seed, "max-time": left})
        seed += 1
    return found


def _ask_a_round(found: Asked, address: str, job: str, chosen: dict[str, Any]) -> None:
    config = configuration(job, {}, {"max-examples": EXAMPLES}, **chosen)
    schema = schemathesis.openapi.from_url(
        f"{address}/openapi.json", config=config, headers={"Authorization": f"Bearer {KEY}"}
    )
    found.take(engine.from_schema(schema).execute())
    print(f"round {chosen['seed']}: {found.statuses.total():,} requests", flush=True)


def _tell(text: str) -> None:
    print(text, flush=True)


def _prepared(address: str) -> str:
    """A dataset, an experiment on it, a version of that; the job that made it."""
    _send("PUT", f"{address}/v1/datasets/{KNOWN}", flowers().encode(), CSV)
    experiment = {"id": KNOWN, "dataset": KNOWN, "target": "kind"}
    _send("POST", f"{address}/v1/experiments", json.dumps(experiment).encode(), JSON)
    train = f"{address}/v1/experiments/{KNOWN}/train"
    return str(_send("POST", train, json.dumps({"n_estimators": 3}).encode(), JSON)["job"])


def _send(method: str, address: str, body: bytes, kind: str) -> Any:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind, "Prefer": "wait=60"}
    with urlopen(Request(address, body, headers, method=method)) as answer:
        return json.load(answer)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="for how long")
    parser.add_argument("--seed", type=int, default=0, help="which requests")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
