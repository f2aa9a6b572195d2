"""Static files by WhiteNoise, at addresses that change with what is in them: kept for ever.

All stand in one folder that is named by the digest of everything in it, so that modules which
import each other by relative names are of one state, too.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import brotli
from flask import Flask, current_app, url_for
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

DIGITS = 12
STATIC = "grove.static"  # in the environ of a request that a file answers
SOURCES = "STATIC_SOURCES"
# As `python3 -m whitenoise.compress` names what it makes.
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
}


def address(folder: Path) -> str:
    """Where the files of a folder are served, which is another place once one of them changes."""
    digest = hashlib.sha256()
    for path in _plain(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return f"/static/{digest.hexdigest()[:DIGITS]}"


def register(app: Flask, cdn: str = "") -> None:
    """Serve the static folder of `app`, in front of it; pages name the files by way of `cdn`."""
    app.config[SOURCES] = f"'self' {_origin(cdn)}" if cdn else "'self'"

    def asset(name: str) -> str:
        return cdn + url_for("static", filename=name)

    app.jinja_env.globals["asset"] = asset
    app.wsgi_app = StaticFiles(app)  # type: ignore[method-assign]


def policy(text: str) -> str:
    """A Content-Security-Policy, with `{files}` where those of static files belong."""
    return text.format(files=current_app.config[SOURCES])


class StaticFiles:
    """WSGI around an application: what is not a plain GET of a file is for the application."""

    def __init__(self, app: Flask) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._files = WhiteNoise(self._app, max_age=None, immutable_file_test="^/static/")
        folder, prefix = Path(app.static_folder or ""), f"{app.static_url_path}/"
        states = {str(path): path.stat() for path in _fresh(folder)}
        for path in _plain(folder):
            url = prefix + path.relative_to(folder).as_posix()
            self._files.add_file_to_dictionary(url, str(path), stat_cache=states)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with a file, or as the application does."""
        is_plain = environ["REQUEST_METHOD"] in ("GET", "HEAD") and "HTTP_RANGE" not in environ
        if not is_plain or environ["PATH_INFO"] not in self._files.files:
            return self._app(environ, start_response)
        environ[STATIC] = True
        answered: Iterable[bytes] = self._files(environ, start_response)
        return answered


def _plain(folder: Path) -> list[Path]:
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.suffix not in COMPRESSED and path.is_file()]


def _fresh(folder: Path) -> Iterable[Path]:
    """The files, and of their compressed forms those that hold what they hold now."""
    for path in _plain(folder):
        yield path
        for ending, plain_of in COMPRESSED.items():
            smaller = path.with_name(path.name + ending)
            if smaller.is_file() and plain_of(smaller.read_bytes()) == path.read_bytes():
                yield smaller


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
