"""Static files: kept for ever by browsers, named anew when one changes, by way of a CDN."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from controllers import statics
from services.settings import SettingError
from services.setup import prepare
from tests.problems import assert_problem
from tests.story import ROOT, app_on, settings_for

pytestmark = pytest.mark.no_database

STATIC = ROOT / "static"
CDN = "https://cdn.example.org"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STATIC, tmp_path / "static"))


def client_of(folder: Path) -> tuple[Any, str]:
    prefix = statics.address(folder)
    app = Flask("files", static_folder=folder, static_url_path=prefix)
    statics.register(app)
    return app.test_client(), f"{prefix}/grove.css"


def test_a_file_is_kept_for_ever(app: Flask) -> None:
    client = app.test_client()
    path = f"{statics.address(STATIC)}/js/main.js"
    assert path in client.get("/").text
    with client.get(path) as answer:
        assert answer.status_code == 200
        assert answer.data == Path(STATIC, "js/main.js").read_bytes()
        assert answer.mimetype == "text/javascript"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-Request-ID"]) == 32
    etag = answer.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.head(path).data == b""
    with client.get(path, headers={"Range": "bytes=0-3"}) as part:
        assert (part.status_code, len(part.data)) == (206, 4)


def test_what_is_no_file_is_a_problem(app: Flask) -> None:
    client, prefix = app.test_client(), statics.address(STATIC)
    for path in ("nothing.js", "../controllers/main.py", "%2e%2e/run.sh", "js", ""):
        assert_problem(client.get(f"{prefix}/{path}"), 404, "not_found")
    assert_problem(client.get("/static/000000000000/grove.css"), 404, "not_found")
    refused = client.post(f"{prefix}/grove.css")
    assert_problem(refused, 405, "method_not_allowed")


def test_a_changed_file_changes_the_address(folder: Path) -> None:
    before = statics.address(folder)
    assert before == statics.address(STATIC)
    os.utime(folder / "grove.css")
    assert statics.address(folder) == before
    (folder / "grove.css").write_text("body { color: red }")
    assert statics.address(folder) != before


def test_a_compressed_form_is_sent_unless_it_is_an_older_one(folder: Path) -> None:
    plain = (folder / "grove.css").read_bytes()
    smaller = folder / "grove.css.gz"
    smaller.write_bytes(gzip.compress(plain))
    before = statics.address(folder)
    takes = {"Accept-Encoding": "gzip"}
    client, path = client_of(folder)
    with client.get(path, headers=takes) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert gzip.decompress(answer.data) == plain
    with client.get(path) as answer:
        assert answer.data == plain
    smaller.write_bytes(gzip.compress(b"what it held before"))
    client, path = client_of(folder)
    assert path.startswith(before)
    with client.get(path, headers=takes) as answer:
        assert answer.data == plain


def test_pages_name_the_files_by_way_of_a_cdn(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path, GROVE_CDN_URL=f"{CDN}/") as app:
        client = app.test_client()
        for path in ("/", "/login", "/docs"):
            page = client.get(path, headers={"Accept": "text/html"})
            named = re.findall(r'(?:src|href)="([^"]*/static/[^"]*)"', page.text)
            assert len(named) > 1
            assert {each.partition("/static/")[0] for each in named} == {CDN}
            assert f"style-src 'self' {CDN}" in page.headers["Content-Security-Policy"]
            for each in named:
                with client.get(each.removeprefix(CDN)) as file:
                    assert file.status_code == 200
                    assert file.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("address", ["cdn.example.org", "https://x/y", "ftp://x", "https://x y"])
def test_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingError, match="GROVE_CDN_URL"):
        settings_for(tmp_path, GROVE_CDN_URL=address)
