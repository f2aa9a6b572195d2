"""Every code of an error has a page that says what it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from controllers.problem_pages import KNOWN

pytestmark = pytest.mark.no_database

ROOT = Path(__file__).parents[1]


def test_every_code_has_a_page(app: Flask) -> None:
    client = app.test_client()
    missing = {code: places for code, places in codes().items() if code not in KNOWN}
    assert not missing
    listed = client.get("/problems").json["problems"]
    assert [each["code"] for each in listed] == sorted(KNOWN)
    for each in listed:
        page = client.get(each["type"])
        assert page.json == each
        assert list(each) == ["type", "code", "title", "status"]
        assert each["title"]
        assert 400 <= each["status"] < 600


# Where the code stands in the arguments of what makes an error.
FAMILIES = {
    "Fault": 1,
    "add": 1,
    "Message": 1,
    "_unknown": 1,
    "invalid": 0,
    "malformed": 0,
    "refused": 0,
}
CODE = re.compile("[a-z]+(_[a-z]+)+")
NO_CODES = {"code"}  # words[...] beside the codes


def codes() -> dict[str, set[str]]:
    """Every code that the source gives to an error, and the files that do."""
    found: dict[str, set[str]] = {}
    for top in ("controllers", "models", "schemas", "services"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for code in codes_in(ast.parse(path.read_text())):
                found.setdefault(code, set()).add(path.name)
    return {code: places for code, places in found.items() if code not in NO_CODES}


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            at = FAMILIES.get(name, len(node.args))
            given = [*(k.value for k in node.keywords if k.arg == "code"), *node.args[at : at + 1]]
            yield from (text for each in given for text in texts(each))
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first = getattr(node.value.elts[0], "value", None)  # (code, message)
            if isinstance(first, str) and CODE.fullmatch(first):
                yield first


def texts(node: ast.AST) -> Iterator[str]:
    """The words in an expression; of one that is put together, all that it can be."""
    if isinstance(node, ast.JoinedStr):
        start, end = node.values[0], node.values[-1]
        part = start if isinstance(start, ast.Constant) else end
        yield from TOGETHER[str(getattr(part, "value", ""))]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        yield from (text for child in ast.iter_child_nodes(node) for text in texts(child))


TOGETHER = {
    "unknown_": ["unknown_field", "unknown_parameter"],
    "read_only_": ["read_only_field", "read_only_parameter"],
    "more_": ["more_faults"],
    "_running": ["split_running", "train_running"],
}
