"""The description of the API is valid, true to the fields, and shown without foreign hosts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture
def spec(client: FlaskClient) -> Any:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def test_is_valid(spec: Any) -> None:
    OpenAPIV31SpecValidator(spec).validate()
    assert spec["openapi"] == "3.1.0"


def test_fields(spec: Any) -> None:
    thing = spec["components"]["schemas"]["Thing"]
    assert thing["additionalProperties"] is False
    fields = thing["properties"]
    assert fields["random_state"] == {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
    assert fields["test_size"] == {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    assert fields["type"] == {"type": "string", "enum": ["classification", "regression"]}
    assert fields["id"] == {"type": "string", "pattern": "^(?:[a-z0-9][a-z0-9._-]{0,63})$"}
    assert fields["target"] == {"type": ["string", "null"], "minLength": 1, "maxLength": 100}
    assert fields["stratify"] == {"type": "boolean"}


def test_parameters(spec: Any) -> None:
    given = {
        each["name"]: each["schema"] for each in spec["paths"]["/v1/things"]["get"]["parameters"]
    }
    assert given["page"] == {"type": "integer", "minimum": 1, "maximum": 10_000}
    assert given["deep"] == {"type": "boolean"}
    assert given["sort"] == {"type": "string", "enum": ["name", "created_at"]}


def test_errors_are_problems(spec: Any) -> None:
    train = spec["paths"]["/v1/train"]["post"]
    assert train["requestBody"]["required"] is False
    wanted = {
        "200",
        "400",
        "401",
        "403",
        "404",
        "406",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
        "503",
        "default",
    }
    assert set(train["responses"]) == wanted
    for name in {
        each["$ref"].rsplit("/", 1)[1] for each in train["responses"].values() if "$ref" in each
    }:
        response = spec["components"]["responses"][name]
        assert list(response["content"]) == ["application/problem+json"]
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


def test_docs_ask_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"https?:|<script>|<style|\son\w+=", text)
    for address in re.findall(r'(?:src|href|data-openapi)="([^"]+)"', text):
        with client.get(address) as answer:
            assert answer.status_code == 200, address
