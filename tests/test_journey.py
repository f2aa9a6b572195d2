"""The main job, over real HTTP: from a CSV to a downloaded model, as a client would do it."""

from __future__ import annotations

import io
import json
import pickle
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.service import Service, running
from tests.story import PATIENT, flowers


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("home")) as started:
        yield started


def ask(
    service: Service, method: str, path: str, body: bytes | dict[str, Any] | None = None
) -> Any:
    """The body of an answer: as JSON where it is JSON."""
    data, kind = body, "text/csv"
    if isinstance(body, dict):
        data, kind = json.dumps(body).encode(), "application/json"
    headers = {**PATIENT, **({"Content-Type": kind} if data is not None else {})}
    url = f"http://{service.address}/v1{path}"
    request = urllib.request.Request(url, data, headers, method=method)  # type: ignore[arg-type]
    with urllib.request.urlopen(request, timeout=90) as answer:
        content = answer.read()
        is_json = answer.headers.get_content_type() == "application/json"
        return json.loads(content) if content and is_json else content


def test_from_a_csv_to_a_model(service: Service) -> None:
    kept = ask(service, "PUT", "/datasets/flowers", flowers(120).encode())
    assert kept["rows"] == 120
    made = ask(service, "POST", "/experiments", {"id": "f", "dataset": "flowers", "target": "kind"})
    assert (made["status"], made["train_rows"], made["test_rows"]) == ("ready", 96, 24)
    first = ask(service, "POST", "/experiments/f/train", {"n_estimators": 20})
    second = ask(service, "POST", "/experiments/f/train", {"n_estimators": 40})
    assert [first["version"], second["version"]] == [1, 2]
    result = ask(service, "POST", "/experiments/f/test")["result"]
    assert result["accuracy"] > 0.7
    row = ask(service, "GET", "/experiments/f")
    assert (row["status"], row["active_version"], row["result"]) == ("trained", 2, result)
    assert (service.home / row["model_path"]).is_file()
    agrees_with_its_pickle(service, 2)
    assert ask(service, "PATCH", "/experiments/f", {"active_version": 1})["active_version"] == 1
    agrees_with_its_pickle(service, 1)
    ask(service, "DELETE", "/experiments/f")
    ask(service, "DELETE", "/datasets/flowers")
    for folder in ("experiments", "uploads", "work", "active"):
        assert list((service.home / folder).iterdir()) == []


def agrees_with_its_pickle(service: Service, version: int) -> None:
    """What is served by CSV is what the downloaded model says, row by row."""
    rows = ask(service, "GET", "/experiments/f/splits/test")
    scored = pd.read_csv(io.BytesIO(ask(service, "POST", "/experiments/f/predict", rows)))
    content = ask(service, "GET", f"/experiments/f/versions/{version}/model?format=pickle")
    model = pickle.loads(content)
    expected = model.predict_proba(pd.read_csv(io.BytesIO(rows)))
    served = scored[[f"probability_{label}" for label in model.classes_]].to_numpy()
    np.testing.assert_allclose(served, expected, atol=1e-6)
