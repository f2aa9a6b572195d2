"""The description of the API: valid, whole, and true to what is answered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.setup import prepare
from tests.documented import journey, refusals
from tests.problems import assert_problem
from tests.recorder import METHODS, Recorder, operations, resolved
from tests.story import Story, opened, settings_for

# Pages for people and files: no part of the API.
NOT_DOCUMENTED = ("/openapi.json", "/docs", "/static/", "/problems")


@pytest.fixture(scope="module")
def spec(app: Flask) -> Any:
    return app.test_client().get("/openapi.json").json


def routes(app: Flask) -> set[tuple[str, str]]:
    """The path and the method of every route of the API, as the document writes them."""
    found = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", r"{\1}", rule.rule)
        if rule.endpoint.startswith("pages.") or rule.rule.startswith(NOT_DOCUMENTED):
            continue
        found |= {(path, each.lower()) for each in (rule.methods or ()) if each.lower() in METHODS}
    return found


def test_is_valid(spec: Any) -> None:
    OpenAPIV31SpecValidator(spec).validate()
    assert spec["openapi"] == "3.1.0"


def test_every_route_is_told(app: Flask, spec: Any) -> None:
    assert {(path, method) for path, method, _ in operations(spec)} == routes(app)


def test_everything_is_described(spec: Any) -> None:
    for path, method, operation in operations(spec):
        assert operation["summary"], (path, method)
        for parameter in spec["paths"][path].get("parameters", []):
            assert parameter["description"], (path, parameter)
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)


def test_every_error_is_a_problem(spec: Any) -> None:
    for path, method, operation in operations(spec):
        for status, told in operation["responses"].items():
            if status.startswith(("4", "5")):
                response = resolved(spec, told)
                assert list(response["content"]) == ["application/problem+json"], (path, method)


OPEN = {"/livez", "/readyz", "/login"}
# The first key would close the service to the other tests: these have one of their own.
IN_TEST_KEYS = {"/v1/keys", "/v1/keys/{name}", "/login", "/logout"}


def test_who_may_ask(spec: Any) -> None:
    assert spec["security"] == [{"key": []}]
    assert spec["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, _, operation in operations(spec):
        assert operation.get("security") == ([] if path in OPEN else None)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "Prefer",
            {
                ("/v1/experiments/{experiment_id}/train", "post"),
                ("/v1/experiments/{experiment_id}/test", "post"),
                ("/v1/experiments", "post"),
                ("/v1/datasets/{name}", "put"),
            },
        ),
        (
            "If-Match",
            {("/v1/experiments/{experiment_id}", method) for method in ("put", "patch", "delete")},
        ),
        (
            "Idempotency-Key",
            {
                ("/v1/experiments", "post"),
                ("/v1/experiments/{experiment_id}/train", "post"),
                ("/v1/experiments/{experiment_id}/test", "post"),
            },
        ),
    ],
)
def test_headers(spec: Any, name: str, wanted: set[tuple[str, str]]) -> None:
    found = {
        (path, method)
        for path, method, operation in operations(spec)
        for each in (resolved(spec, told) for told in operation.get("parameters", []))
        if (each["in"], each["name"]) == ("header", name)
    }
    assert wanted <= found


@pytest.mark.parametrize("step", ["predict", "test"])
def test_both_bodies(spec: Any, step: str) -> None:
    operation = spec["paths"][f"/v1/experiments/{{experiment_id}}/{step}"]["post"]
    assert list(operation["requestBody"]["content"]) == ["application/json", "text/csv"]
    names = {resolved(spec, each)["name"] for each in operation["parameters"]}
    assert names >= {"delimiter", "encoding", "header", "missing_values"}


@pytest.mark.usefixtures("_worker")
def test_every_answer_is_as_documented(app: Flask, spec: Any) -> None:
    recorder = Recorder(app, spec)
    story = Story(recorder)  # type: ignore[arg-type]
    journey(story, recorder)
    refusals(story, recorder)
    assert not recorder.faults, "\n".join(sorted(set(recorder.faults)))
    every = {(path, method) for path, method, _ in operations(spec)}
    assert {path for path, _ in every - recorder.seen} == IN_TEST_KEYS


@pytest.mark.usefixtures("_worker")
def test_every_route_refuses_alike(app: Flask, spec: Any) -> None:
    """Wrong methods, formats, types and keys are problems on every route."""
    client = app.test_client()
    for path, method, operation in operations(spec):
        address = re.sub(r"\{number\}", "1", path)
        address = re.sub(r"\{part\}", "test", address)
        address = address.replace("{plot}.{form}", "roc.svg")
        address = re.sub(r"\{[a-z_]+\}", "nothing", address)
        assert_problem(client.open(address, method="PROPFIND"), 405, "method_not_allowed")
        refused = client.open(address, method=method.upper(), headers={"Accept": "image/gif"})
        assert_problem(refused, 406, "not_acceptable")
        two = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
        assert_protected(app, address, method, two)
        if "requestBody" in operation:
            typed = client.open(address, method=method.upper(), data=b"x", content_type="image/png")
            assert typed.status_code in {404, 415}, (path, typed.text)
            assert_problem(typed, typed.status_code, typed.json["code"])
        absent = client.get(f"{address}/nothing/is/here")
        assert_problem(absent, 404, absent.json["code"])


def assert_protected(app: Flask, address: str, method: str, two: Any) -> None:
    if address in OPEN:
        return
    client = app.test_client()
    behind_a_proxy = {"X-Forwarded-For": "192.0.2.1"}
    answer = client.open(address, method=method.upper(), headers=behind_a_proxy)
    assert_problem(answer, 401, "unauthorized")
    answer = client.open(address, method=method.upper(), headers=[*behind_a_proxy.items(), *two])
    assert_problem(answer, 400, "two_authorizations")


def test_a_service_without_a_worker_is_documented(tmp_path: Path, spec: Any) -> None:
    prepare(settings_for(tmp_path))
    recorder = Recorder(opened(settings_for(tmp_path)), spec)
    assert recorder.get("/readyz").status_code == 503
    assert not recorder.faults
