"""Answers in the coding that the client takes, where that pays (RFC 9110, section 8.4)."""

from __future__ import annotations

import re

from flask import Flask, Response
from flask_compress import Compress

LEAST_BYTES = 1_000  # a shorter answer fits into one packet as it is
KINDS = [
    "application/json",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
]
CODINGS = ["zstd", "br", "gzip"]
CODING_OF_ETAG = re.compile(f":({'|'.join(CODINGS)})$")
PARTIAL = 206

compress = Compress()


def register(app: Flask) -> None:
    """Compress what `app` answers, if it is long enough and of a kind that shrinks."""
    app.config["COMPRESS_MIMETYPES"] = KINDS
    app.config["COMPRESS_ALGORITHM"] = app.config["COMPRESS_ALGORITHM_STREAMING"] = CODINGS
    app.config["COMPRESS_MIN_SIZE"] = LEAST_BYTES
    app.config["COMPRESS_REGISTER"] = False
    compress.init_app(app)
    app.after_request(_compressed)


def plain_etag(etag: str) -> str:
    """The ETag of a thing itself, from that of its compressed form."""
    return CODING_OF_ETAG.sub("", etag)


def _compressed(response: Response) -> Response:
    """Tiny answers, a predict's among them, are let through before anything is looked at."""
    length = response.content_length
    tiny = length is not None and length < LEAST_BYTES
    # A part of a file is a part of its plain bytes.
    if tiny or response.status_code == PARTIAL:
        return response
    if (close := getattr(response.response, "close", None)) is not None:
        response.call_on_close(close)  # what is compressed piece by piece would stay open
    return compress.after_request(response)
