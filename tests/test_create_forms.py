"""POST /v1/experiments with a form that is wrong, too long, or breaks off."""

from __future__ import annotations

import errno
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.setup import prepare_tables
from tests.bodies import streamed
from tests.forms import FORM, part, post, raw
from tests.problems import assert_problem
from tests.story import Story, opened, settings_for
from tests.tables import PLAIN
from tests.traces import files_of, unchanged


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([], id="C66-none"),
        pytest.param([part("file", PLAIN, "")], id="C66-empty-name"),
        pytest.param([part("file", PLAIN, "a.csv"), part("file", PLAIN, "b.csv")], id="C66-two"),
        pytest.param([part("file", PLAIN, "a.csv"), part("other", PLAIN, "b.csv")], id="C66-other"),
        pytest.param([part("data", PLAIN, "a.csv")], id="C66-wrong-field"),
        pytest.param([part("file", PLAIN, "a.csv")] * 500, id="C66-many"),
    ],
)
def test_anything_but_one_file(story: Story, home: Path, files: list[bytes]) -> None:
    with unchanged(story, home):
        answer = raw(story, part("target", "kind"), *files)
        assert_problem(answer, 422, "one_file_expected", "/file")


def test_a_file_that_is_a_text(story: Story, home: Path) -> None:
    """C66."""
    with unchanged(story, home):
        answer = raw(story, part("target", "kind"), part("file", PLAIN))
        assert_problem(answer, 422, "unknown_field", "/file")


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd", "/etc/passwd", "C:\\\\x.csv", "a;b.csv", "x.csv.gz"]
)
def test_a_files_name_is_never_a_path(story: Story, home: Path, filename: str) -> None:
    answer = raw(story, part("target", "kind"), part("file", PLAIN, filename))
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert (home / told["train_path"]).is_file()
    assert told["dataset"] == told["id"]


def test_too_much_of_a_form(story: Story, home: Path) -> None:
    with unchanged(story, home):
        file = part("file", PLAIN, "a.csv")
        many = [part("exclude", "a")] * 1000
        assert_problem(raw(story, part("target", "kind"), *many, file), 413, "too_large")
        long = part("description", "x" * 600_000)
        assert_problem(raw(story, part("target", "kind"), long, file), 413, "too_large")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        pytest.param(part("file", PLAIN, "a.csv"), FORM, 400, "broken_form", id="unclosed"),
        pytest.param(part("a", ""), "multipart/form-data", 400, "broken_form", id="no-boundary"),
        pytest.param(b"", FORM, 400, "broken_form", id="empty"),
        pytest.param(b"\r" * 2**20, FORM, 413, "too_large", id="returns"),
    ],
)
def test_forms_that_are_broken(
    story: Story, home: Path, body: bytes, kind: str, status: int, code: str
) -> None:
    with unchanged(story, home):
        answer = story.client.post("/v1/experiments", **streamed(kind, [body], len(body)))
        assert_problem(answer, status, code)


@pytest.fixture
def small(tmp_path: Path) -> Flask:
    """A service that takes 1 KiB."""
    settings = settings_for(tmp_path, GROVE_MAX_UPLOAD="1K")
    prepare_tables(settings)
    return opened(settings)


@pytest.mark.parametrize("size", [1_025, 2**20])
@pytest.mark.parametrize("declared", [True, False])
def test_files_over_the_limit(tmp_path: Path, small: Flask, size: int, declared: bool) -> None:
    """Whether the form is cut off where it is too long, or its file alone is."""
    story = Story(small.test_client())
    body = part("target", "kind") + part("file", "a" * size, "a.csv") + b"--x--\r\n"
    came = streamed(FORM, [body], len(body) if declared else None)
    answer = story.client.post("/v1/experiments", **came)
    assert_problem(answer, 413, "too_large")
    assert files_of(tmp_path) == set()
    assert story.client.get("/v1/jobs").json["total"] == 0


def test_a_form_that_breaks_off(tmp_path: Path, small: Flask) -> None:
    body = part("target", "kind") + part("file", PLAIN, "a.csv")
    answer = small.test_client().post("/v1/experiments", **streamed(FORM, [body], len(body) + 10))
    assert_problem(answer, 400, "broken_form")
    assert files_of(tmp_path) == set()


def test_a_form_that_the_disk_has_no_room_for(
    small: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    answer = post(Story(small.test_client()), PLAIN)
    assert_problem(answer, 507, "disk_full")
    assert files_of(tmp_path) == set()


def test_no_place_is_kept_after_an_error(small: Flask) -> None:
    """A place for long bodies is given back however the request ends."""
    story = Story(small.test_client())
    for _ in range(5):
        assert_problem(post(story, None), 422, "one_file_expected")
        assert_problem(post(story, "a" * 2_000), 413, "too_large")


def test_a_compressed_form(story: Story, home: Path) -> None:
    with unchanged(story, home):
        answer = story.client.post(
            "/v1/experiments",
            data=part("file", PLAIN, "a.csv"),
            content_type=FORM,
            headers={"Content-Encoding": "gzip"},
        )
        assert_problem(answer, 415, "unsupported_media_type")
