"""A version made active is what the very next request is answered by, on every process."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.service import Service, running
from tests.story import FLOWER, flowers

PROCESSES = 3
AT_ONCE = 24


def asked(service: Service, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Prefer": "wait=60"}
    request = urllib.request.Request(
        f"http://{service.address}{path}", data, headers, method=method
    )
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.loads(answer.read() or b"null")


def serving(service: Service) -> set[int]:
    """The versions that answer many requests, each on a connection of its own."""
    body = {"rows": [FLOWER]}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda _: asked(service, "POST", "/v1/experiments/e/predict", body), range(AT_ONCE)
        )
        return {answer["version"] for answer in answers}


def test_the_next_request_on_every_process(tmp_path: Path) -> None:
    with running(tmp_path, GROVE_WEB_WORKERS=str(PROCESSES)) as service:
        request = urllib.request.Request(
            f"http://{service.address}/v1/datasets/flowers",
            flowers(120, seed=3).encode(),
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=60).close()
        asked(
            service, "POST", "/v1/experiments", {"id": "e", "dataset": "flowers", "target": "kind"}
        )
        for number in (1, 2):
            made = asked(service, "POST", "/v1/experiments/e/train", {"n_estimators": 10})
            assert made["version"] == number
            assert serving(service) == {number}
        for number in [1, 2] * 8:
            asked(service, "PATCH", "/v1/experiments/e", {"active_version": number})
            assert serving(service) == {number}
