"""What gunicorn lets pass and should not: requests that a proxy could read in another way."""

from __future__ import annotations

import re
from typing import Any

from gunicorn.http.errors import (  # type: ignore[import-untyped]
    InvalidHeader,
    InvalidHeaderName,
    InvalidRequestLine,
    InvalidRequestMethod,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

TLS_HANDSHAKE = 0x16
# An underscore is a hyphen to a proxy that is lenient, and there it frames the body.
DISGUISED = re.compile(
    rb"^(?:transfer_encoding|content_length)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
HOST = re.compile(r"(?:[a-z0-9._~%!$&'()*+,;=-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?", re.IGNORECASE)


class RequestTimeout(ParseException):  # type: ignore[misc]
    """The head of a request did not come in time."""


class StrictRequest(Request):  # type: ignore[misc]
    """A request with one meaning, or none."""

    method: str
    version: tuple[int, int]
    headers: list[tuple[str, str]]

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:
        """Read on; what speaks TLS never comes to the end of a line, and is told so at once."""
        try:
            super().read_into(unreader, buf, stop)
        except BlockingIOError as error:  # the socket's own patience: see controllers/balanced.py
            raise RequestTimeout("the head did not come in time") from error
        if buf[0] == TLS_HANDSHAKE:
            raise InvalidRequestLine("TLS on a plain port")

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> list[tuple[str, str]]:
        """The headers, without those whose names have an underscore: WSGI makes it a hyphen."""
        if DISGUISED.search(data):
            raise InvalidHeaderName("an underscore in the name of a header that frames the body")
        headers = super().parse_headers(data, from_trailer)
        return [each for each in headers if "_" not in each[0]]

    def set_body_reader(self) -> None:
        """Last of all, when all headers are known."""
        if self.method == "CONNECT":
            raise InvalidRequestMethod(self.method)
        host = dict(self.headers).get("HOST")
        if host is None and self.version < (1, 1):
            host = "none"  # HTTP/1.0 knows of no such header
        if host is None or not HOST.fullmatch(host):
            raise InvalidHeader("HOST", req=self)
        super().set_body_reader()
        if self._coding() not in ("", "chunked"):  # gunicorn reads it, and undoes only the chunks
            raise UnsupportedTransferCoding(self._coding())

    def _coding(self) -> str:
        return dict(self.headers).get("TRANSFER-ENCODING", "").lower()


class StrictParser(RequestParser):  # type: ignore[misc]
    """One request after the other out of a connection."""

    mesg_class = StrictRequest
