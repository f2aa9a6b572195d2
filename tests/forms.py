"""Forms as they come over the network, byte by byte."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.bodies import streamed
from tests.story import PATIENT, Story

FORM = "multipart/form-data; boundary=x"


def post(story: Story, body: str | bytes | None, **fields: Any) -> TestResponse:
    """A form of these fields, and of the CSV as its file."""
    given = {"target": "kind", **fields}
    named = [(name, each) for name, value in given.items() for each in as_list(value)]
    parts = [part(name, each) for name, each in named]
    return raw(story, *parts, *([] if body is None else [part("file", body, "table.csv")]))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def part(name: str, content: Any, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    inner = content if isinstance(content, bytes) else str(content).encode()
    return head.encode() + inner + b"\r\n"


def raw(story: Story, *parts: bytes) -> TestResponse:
    body = b"".join(parts) + b"--x--\r\n"
    given = streamed(FORM, [body], len(body))
    given["headers"] = {**PATIENT, **dict(given.get("headers") or {})}
    return story.client.post("/v1/experiments", **given)
