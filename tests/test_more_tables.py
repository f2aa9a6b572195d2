"""CSVs that are more than a few lines, or are none: over HTTP, from the upload to the answer."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from backports import zstd

from models import Dataset, db
from services.setup import prepare
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, fresh, settings_for, table, worker

pytestmark = pytest.mark.no_database

FORMULA = "=cmd|' /C calc'!A0"
PACKED = {
    "C52-gz": gzip.compress(flowers().encode()),
    "C52-xz": lzma.compress(flowers().encode()),
    "C52-bz2": bz2.compress(flowers().encode()),
    "C52-zst": zstd.compress(flowers().encode()),
}


@pytest.mark.parametrize("row", [pytest.param(None, id="C20")])
def test_a_formula_is_escaped_in_every_csv_that_is_made(story: Story, row: None) -> None:
    text = table([FORMULA, "kind"], [[n, "ab"[n % 2]] for n in range(40)])
    experiment = story.make_trained(text)
    for part in ("train", "test"):
        assert story.get(experiment, f"/splits/{part}").data.startswith(b"'=cmd|")
    rows = f"{FORMULA},more\n1,2\n"
    address = f"/v1/experiments/{experiment}/predict"
    with story.client.post(address, data=rows, content_type="text/csv") as answer:
        assert answer.status_code == 200
        assert answer.get_data().startswith(b"'=cmd|")


@pytest.mark.parametrize("row", [pytest.param(None, id="C40")])
def test_ten_thousand_columns(story: Story, row: None) -> None:
    names = [*(f"c{n}" for n in range(9_999)), "kind"]
    text = table(names, [[*range(9_999), "ab"[n % 2]] for n in range(12)])
    assert story.make_experiment(text, test_size=0.5)


@pytest.mark.parametrize("row", [pytest.param(None, id="C40-setting")])
def test_the_limit_of_columns_is_a_setting(tmp_path: Path, row: None) -> None:
    chosen = {"GROVE_MAX_COLUMNS": "3"}
    prepare(settings_for(tmp_path))
    with app_on(tmp_path, **chosen) as app, worker(tmp_path, **chosen):
        story = Story(app.test_client())
        assert_problem(story.put("flowers", flowers()), 422, "too_many_columns")
        assert story.put("few", "a,b,c\n1,2,3\n").status_code == 201
    assert_no_orphans(tmp_path)


@pytest.mark.parametrize("name", ["flowers.csv", "flowers.csv.gz", "flowers.txt"])
@pytest.mark.parametrize("packed", PACKED)
def test_what_is_packed(story: Story, home: Path, packed: str, name: str) -> None:
    body = PACKED[packed]
    assert_problem(story.put(fresh("data"), body), 415, "compressed_upload")
    form = {"target": "kind", "file": (io.BytesIO(body), name)}
    answer = story.client.post("/v1/experiments", data=form)
    assert_problem(answer, 415, "compressed_upload")
    assert_no_orphans(home)


@pytest.mark.parametrize("row", [pytest.param(None, id="C61")])
@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder", "socket"])
def test_a_file_that_was_swapped_for_what_is_none(
    story: Story, app: Any, home: Path, kind: str, row: None
) -> None:
    name = story.make_dataset()
    with app.app_context():
        file = home / db.session.get_one(Dataset, name).file
    kept = file.read_bytes()
    file.unlink()
    swap(file, kind)
    try:
        answer = story.client.get(f"/v1/datasets/{name}/file")
        assert_problem(answer, 409, "dataset_file_missing")
        assert story.create(id=fresh("exp"), dataset=name, target="kind").status_code == 409
    finally:
        file.rmdir() if kind == "folder" else file.unlink()
        file.write_bytes(kept)


def swap(file: Path, kind: str) -> None:
    if kind == "symlink":
        file.symlink_to("/etc/hostname")
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        os.mknod(file, 0o140600)


ADDRESSES = [
    "file:///etc/passwd",
    "http://127.0.0.1:1",
    "http://169.254.169.254/latest/meta-data",
    "s3://bucket/key",
    "ftp://127.0.0.1/x.csv",
    "/proc/self/environ",
    "/dev/zero",
    "/dev/stdin",
    "../../../etc/passwd",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_no_name(story: Story, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> NoReturn:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    answer = story.create(id=fresh("exp"), dataset=address, target="kind")
    assert_problem(answer, 422, "bad_pattern", "/dataset")
    assert_problem(story.create(id=address, dataset="glass", target="Type"), 422, "bad_pattern")
    text = table(["place", "kind"], [[address, "ab"[n % 2]] for n in range(20)])
    monkeypatch.undo()
    assert story.make_experiment(text)
