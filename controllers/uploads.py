"""CSV bodies, streamed to disk: checked, counted, never held in memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from flask import Flask, Request, Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.wsgi import wrap_file

from controllers.parsing import JSON, MAX_FORM_BYTES, body_pieces, require_no_coding, require_utf8
from controllers.parts import parts
from controllers.problems import translated
from controllers.waiting import long_body
from models import Job
from models.errors import Invalid, Malformed, TooLarge, Unsupported, invalid
from services.columns import Notice
from services.files import BLOCK, keep, remove
from services.reading import Reading

CSV = "text/csv"
# curl -T sends no type at all, and curl --data-binary the one of a form.
TYPES = (CSV, "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded")


class FormRequest(Request):
    """A request that takes one file in a form, and no more."""

    spool: IO[bytes] | None = None

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        """A nameless file on the disk where uploads are kept: what is cut off leaves no trace."""
        if self.spool is not None:
            raise _one_file_expected("more than one")
        # It is closed where the form is read to its end, or given up: in form_with_file.
        folder = parts().home.upload("form").parent
        self.spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        return self.spool


def register(app: Flask) -> None:
    """Have the forms of `app` read so."""
    app.request_class = FormRequest


def is_csv() -> bool:
    """Whether the body says that it is CSV."""
    return request.environ.get("CONTENT_TYPE") != JSON and request.mimetype == CSV


def received_body(reading: Reading, types: tuple[str, ...] = TYPES) -> Job:
    """A job, not yet queued, that carries the body of this request."""
    _require(*types)
    with long_body():
        return _received(body_pieces(request, parts().settings.max_upload), reading)


@contextmanager
def form_with_file() -> Iterator[None]:
    """Within it, a form with a CSV can be read: within the limit, in one of the few places."""
    request.max_content_length = parts().settings.max_upload + MAX_FORM_BYTES
    try:
        with long_body():
            yield
    except Malformed as error:
        # A form that cannot be written down is not broken: the disk may be full.
        raise (translated(error.__cause__) if error.__cause__ else None) or error from None
    finally:
        spool: IO[bytes] | None = getattr(request, "spool", None)
        if spool is not None:
            spool.close()


def received_file(reading: Reading) -> Job:
    """A job, not yet queued, that carries the one file out of a form."""
    return _received(_blocks(_only_file()), reading)


def _require(*types: str) -> None:
    if request.mimetype not in types:
        raise Unsupported(f"the content type must be {CSV}, got {request.mimetype[:60]!r}")
    require_utf8(request)  # another encoding is said by the parameter of that name
    require_no_coding(request)


def _received(blocks: Iterator[bytes], reading: Reading) -> Job:
    job = Job()
    sha256, size = keep(_not_empty(blocks), parts().home.upload(job.id))
    job.params = {"sha256": sha256, "size": size, "reading": reading.as_record()}
    return job


def _not_empty(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks; raises Invalid where they are none, so that no job waits to say so."""
    first = next(blocks, b"")
    if not first:
        raise invalid("csv_empty", "The file holds nothing.")
    yield first
    yield from blocks


def _blocks(file: FileStorage) -> Iterator[bytes]:
    limit, size = parts().settings.max_upload, 0
    while block := file.stream.read(BLOCK):
        size += len(block)
        if size > limit:
            raise TooLarge(f"the file is larger than {limit:,} bytes")
        yield block


def _only_file() -> FileStorage:
    """The one file of a form, in its field `file`. Raises Invalid for none or another."""
    files = list(request.files.items(multi=True))
    named = [file for name, file in files if name == "file" and file.filename]
    if not named:
        shown = ", ".join(repr(name[:60]) for name, _ in files) or "none"
        raise _one_file_expected(shown)
    return named[0]


def _one_file_expected(got: str) -> Invalid:
    message = f"expected one file with a name, in the field 'file', got {got}"
    return invalid("one_file_expected", message, "/file")


@contextmanager
def passing_body() -> Iterator[Path]:
    """The CSV that is the body of this request, as a file for as long as the block lasts.

    Nothing of it is kept: no checksum is taken of it, and nothing waits for the disk.
    """
    _require(CSV)
    path = parts().home.upload(uuid4().hex)
    try:
        with long_body(), path.open("xb") as file:
            file.writelines(body_pieces(request, parts().settings.max_upload))
        yield path
    finally:
        remove(path)


def sent_file(path: Path, notices: list[Notice]) -> Response:
    """A CSV made for this request, sent and then gone.

    It has no name any more when it is sent, so that whatever ends the sending leaves no trace;
    the server hands it from the disk to the network without reading it.
    """
    file, size = path.open("rb"), path.stat().st_size
    remove(path)
    body = wrap_file(request.environ, file, BLOCK)
    response = Response(body, mimetype=CSV, direct_passthrough=True)
    response.headers["Content-Length"] = str(size)
    if notices:
        response.headers["Grove-Warnings"] = json.dumps([asdict(notice) for notice in notices])
    return response
