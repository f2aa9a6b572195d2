"""A client that bears it when the server is killed before it has answered."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from tests.forms import FORM, part

ASYNC, PATIENT = {"Prefer": "respond-async"}, {"Prefer": "wait=60"}
OPEN = ("queued", "running", "paused")


@dataclass(frozen=True)
class Answer:
    """What came back: `json` is None where it was not JSON."""

    status: int
    content: bytes
    json: Any


class Client:
    """Speaks HTTP to one address, each request on a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(
        self, method: str, path: str, body: dict[str, Any] | str | bytes | None = None, **more: str
    ) -> Answer | None:
        """The answer to a request; None where the server was gone before it came whole.

        A dict is sent as JSON, text as CSV, bytes as a form.
        """
        connection = http.client.HTTPConnection(self.address, timeout=90)
        try:
            connection.request(method, f"/v1{path}", *_sent(body, more))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        is_json = content and "json" in answer.headers.get_content_type()
        return Answer(answer.status, content, json.loads(content) if is_json else None)

    def must(self, method: str, path: str, *body: Any, **headers: str) -> Answer:
        """The answer to a request that cannot go wrong, once all is done that it asks for."""
        answer = self.ask(method, path, *body, **{**PATIENT, **headers})
        assert answer is not None, f"no answer to {method} {path}"
        assert answer.status in (200, 201, 204), f"{method} {path}: {answer.content!r}"
        return answer

    def get(self, path: str) -> Answer:
        """A read, which always has an answer: what is there, or 404."""
        answer = self.ask("GET", path)
        assert answer is not None, f"no answer to GET {path}"
        assert answer.status in (200, 404), f"GET {path}: {answer.content!r}"
        return answer

    def job(self, job_id: str) -> dict[str, Any] | None:
        """A job as it is now; None where there is no answer."""
        answer = self.ask("GET", f"/jobs/{job_id}")
        assert answer is None or answer.status == 200, answer
        return answer.json if answer else None

    def over(self, job_id: str, seconds: float = 180) -> dict[str, Any]:
        """A job once it is over."""
        deadline = time.monotonic() + seconds
        while (job := self.job(job_id)) is None or job["state"] in OPEN:
            assert time.monotonic() < deadline, f"stuck: {job}"
            time.sleep(0.02)
        return job


def form(csv: str, **fields: str) -> bytes:
    """A form with a CSV as its file."""
    named = [part(name, value) for name, value in fields.items()]
    return b"".join([*named, part("file", csv, "table.csv"), b"--x--\r\n"])


def _sent(body: Any, headers: dict[str, str]) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, headers
    if isinstance(body, dict):
        return json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}
    if isinstance(body, str):
        return body.encode(), {**headers, "Content-Type": "text/csv"}
    return body, {**headers, "Content-Type": FORM}
