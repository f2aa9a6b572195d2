"""CSV bodies, streamed to disk: checked, counted, never held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from flask import Response, request
from werkzeug.datastructures import FileStorage

from controllers.parsing import body_pieces, require_no_coding
from controllers.parts import parts
from controllers.waiting import long_body
from models import Job
from models.errors import TooLarge, Unsupported, invalid
from services.columns import Notice
from services.files import BLOCK, blocks_of, keep, remove
from services.reading import Reading

CSV = "text/csv"
# curl -T sends no type at all, and curl --data-binary the one of a form.
TYPES = (CSV, "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded")


def is_csv() -> bool:
    """Whether the body says that it is CSV."""
    return request.mimetype == CSV


def received_body(reading: Reading, types: tuple[str, ...] = TYPES) -> Job:
    """A job, not yet queued, that carries the body of this request."""
    if request.mimetype not in types:
        raise Unsupported(f"the content type must be {CSV}, got {request.mimetype[:60]!r}")
    require_no_coding(request)
    with long_body():
        return _received(body_pieces(request, parts().settings.max_upload), reading)


def received_file(file: FileStorage, reading: Reading) -> Job:
    """A job, not yet queued, that carries a file out of a form."""
    with long_body():
        return _received(_blocks(file), reading)


def _received(blocks: Iterator[bytes], reading: Reading) -> Job:
    job = Job()
    sha256, size = keep(blocks, parts().home.upload(job.id))
    job.params = {"sha256": sha256, "size": size, "reading": reading.as_record()}
    return job


def _blocks(file: FileStorage) -> Iterator[bytes]:
    limit, size = parts().settings.max_upload, 0
    while block := file.stream.read(BLOCK):
        size += len(block)
        if size > limit:
            raise TooLarge(f"the file is larger than {limit:,} bytes")
        yield block


def only_file() -> FileStorage:
    """The one file of a form, in its field `file`. Raises Invalid for none, or more than one."""
    files = [(name, file) for name, file in request.files.items(multi=True)]
    named = [file for name, file in files if name == "file" and file.filename]
    if len(files) != 1 or len(named) != 1:
        shown = ", ".join(repr(name[:60]) for name, _ in files) or "none"
        message = f"expected one file with a name in the field 'file', got {shown}"
        raise invalid("one_file_expected", message, "/file")
    return named[0]


def sent_file(path: Path, notices: list[Notice]) -> Response:
    """A CSV made for this request, sent and then removed."""
    response = Response(blocks_of(path), mimetype=CSV)
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.call_on_close(lambda: remove(path))
    if notices:
        response.headers["Grove-Warnings"] = json.dumps([asdict(notice) for notice in notices])
    return response

