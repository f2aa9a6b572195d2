"""A client whose every answer is held against the description of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator

from controllers.problem_pages import KNOWN

METHODS = ("get", "post", "put", "patch", "delete")


def operations(spec: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield path, method, operation


def resolved(spec: Any, told: Any) -> Any:
    if "$ref" not in told:
        return told
    found = spec
    for part in told["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


class Recorder:
    """A client whose every answer is held against the document."""

    def __init__(self, app: Flask, spec: Any) -> None:
        self.app, self.spec, self.client = app, spec, app.test_client()
        self.seen: set[tuple[str, str]] = set()
        self.faults: list[str] = []

    def open(self, address: str, method: str, **options: Any) -> Any:
        with self.client.open(address, method=method, **options) as answer:
            answer.get_data()
        self.check(address.partition("?")[0], method.lower(), answer)
        return answer

    def __getattr__(self, method: str) -> Any:
        if method not in METHODS:
            raise AttributeError(method)
        return lambda address, **options: self.open(address, method.upper(), **options)

    def check(self, address: str, method: str, answer: Any) -> None:
        path = self.path_of(address, method)
        told = self.spec["paths"][path][method]["responses"].get(str(answer.status_code))
        if told is None:
            self.faults.append(f"{method} {path}: {answer.status_code} is not documented")
            return
        if answer.status_code < 300:
            self.seen.add((path, method))
        content = resolved(self.spec, told).get("content", {})
        if answer.data and answer.mimetype not in content:
            self.faults.append(f"{method} {path}: {answer.mimetype} is not documented")
        elif answer.data and answer.mimetype.endswith("json"):
            if answer.status_code >= 400:
                assert answer.json["code"] in KNOWN
                assert {each["code"] for each in answer.json["errors"]} <= set(KNOWN)
            self.validate(f"{method} {path}", content[answer.mimetype]["schema"], answer)

    def validate(self, name: str, schema: Any, answer: Any) -> None:
        whole = {**schema, "components": self.spec["components"]}
        body = json.loads(answer.text, parse_constant=self.no_constant)
        errors = list(Draft202012Validator(whole).iter_errors(body))
        self.faults += [f"{name}: {each.json_path}: {each.message[:200]}" for each in errors[:3]]

    def no_constant(self, word: str) -> None:
        self.faults.append(f"{word} in an answer")

    def path_of(self, address: str, method: str) -> str:
        adapter = self.app.url_map.bind("localhost")
        rule, _ = adapter.match(address, method.upper(), return_rule=True)
        return re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", r"{\1}", rule.rule)
