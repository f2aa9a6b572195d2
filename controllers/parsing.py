"""How every body, query string and form is read: strictly, in full, all faults told at once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import marshmallow as ma
from flask import Request, current_app
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected
from werkzeug.formparser import FormDataParser

from controllers import strict_json
from controllers.parts import asked
from controllers.strict_json import malformed
from models.errors import Fault, Invalid, Malformed, TooLarge, Unsupported, invalid
from schemas.messages import MAX_FAULTS, Message, faults_of, shortened, shown

JSON = "application/json"
PIECE = 1024 * 1024
MAX_JSON_BYTES = 16 * 1024 * 1024
MAX_FORM_BYTES = 512 * 1024
FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
BROKEN_BODY = (OSError, ParseException, ClientDisconnected)


class StrictFormData(FormDataParser):
    """A form parser that says so when the form is broken."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the library's own options, but never the one to be silent."""
        super().__init__(*args, **{**kwargs, "silent": False})


class StrictParser(FlaskParser):
    """The one parser of arguments; it raises errors of the GroveError family and no others."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {  # type: ignore[misc]
        **dict.fromkeys(FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, ma.RAISE),
        "optional_json": ma.RAISE,
        "headers": ma.EXCLUDE,
        "cookies": ma.EXCLUDE,
    }
    __location_map__: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        **FlaskParser.__location_map__,
        "optional_json": "load_optional_json",
    }

    def __init__(self) -> None:
        """Begin with no schema known."""
        super().__init__()
        self._of_nothing: WeakKeyDictionary[ma.Schema, dict[str, Any]] = WeakKeyDictionary()

    def get_default_request(self) -> Request:
        """The request that is being answered."""
        return asked()

    def parse(
        self, argmap: Any, req: Request | None = None, *, location: str | None = None, **_: Any
    ) -> Any:
        """The arguments at `location`, as the schema loads them."""
        req, location = req or self.get_default_request(), location or self.location
        schema = self._get_schema(argmap, req)
        if location == "query" and not req.query_string:
            return self._loaded_from_nothing(schema, req)
        return self._loaded(schema, req, location)

    def _loaded_from_nothing(self, schema: ma.Schema, req: Request) -> dict[str, Any]:
        """What no parameters mean, which is always the same."""
        if schema not in self._of_nothing:
            self._of_nothing[schema] = self._loaded(schema, req, "query")
        return dict(self._of_nothing[schema])

    def _loaded(self, schema: ma.Schema, req: Request, location: str) -> Any:
        unknown: Any = self.DEFAULT_UNKNOWN_BY_LOCATION[location]
        try:
            given = self._load_location_data(schema=schema, req=req, location=location)
            return schema.load(given, unknown=unknown)
        except ma.ValidationError as error:
            noun = "parameter" if location == "query" else "field"
            raise as_invalid(faults_of(error.messages, noun)) from error

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The JSON object in the body."""
        require_json_type(req)
        limit = current_app.config.get("MAX_JSON_BYTES", MAX_JSON_BYTES)
        data = strict_json.loads(read_body(req, limit))
        if not isinstance(data, dict):
            raise invalid("expected_object", f"the body must be an object, got {shown(data)}")
        return data

    def load_optional_json(self, req: Request, schema: ma.Schema) -> Any:
        """The JSON object in the body, or an empty one where no body was sent."""
        return {} if _is_empty(req) else self.load_json(req, schema)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The parameters of the query, each of them once."""
        return self._single(req.args, schema)

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """The fields of a form, each of them once."""
        read_form(req)
        return self._single(req.form, schema)

    def load_files(self, req: Request, schema: ma.Schema) -> Any:
        """The files of a form, each of them once."""
        read_form(req)
        return self._single(req.files, schema)

    def _single(self, given: MultiDict[str, Any], schema: ma.Schema) -> Any:
        """The values by name; where one came twice, all that is wrong is told together."""
        texts = {name: each[0] if len(each) == 1 else each for name, each in given.lists()}
        strict_json.refuse_bad_text(texts)
        values = self._makeproxy(given, schema)
        twice = {
            name: [Message(f"given {len(each)} times; once is expected", "repeated_parameter")]
            for name, each in given.lists()
            if len(each) > 1 and name not in values.multiple_keys
        }
        if twice:
            raise ma.ValidationError({**schema.validate(values), **twice})
        return values


def as_invalid(faults: list[Fault]) -> Invalid:
    """One error of all the faults; its code is the first one's."""
    first = faults[0]
    told = f"{shortened(first.pointer.lstrip('/')) or 'the input'}: {first.message}"
    if len(faults) > 1:
        least = "at least " if len(faults) == MAX_FAULTS else ""
        told = f"{least}{len(faults)} things are wrong with the input; the first is {told}"
    return Invalid(told, code=first.code, faults=faults)


def require_json_type(req: Request) -> None:
    """Unsupported unless the body says that it is plain JSON in UTF-8."""
    if req.content_type != JSON:
        _require_like_json(req)
    require_no_coding(req)


def _require_like_json(req: Request) -> None:
    kind = req.mimetype
    is_like_json = kind.startswith("application/") and kind.endswith("+json")
    if kind != JSON and not is_like_json:
        raise Unsupported(f"the content type must be {JSON}, got {_kind(req)}")
    require_utf8(req)


def require_utf8(req: Request) -> None:
    """Unsupported where the content type says another charset."""
    charset = req.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in {"utf-8", "utf8"}:
        raise Unsupported(f"the charset must be utf-8, got {shown(charset)}")


def _kind(req: Request) -> str:
    return shown(req.mimetype) if req.mimetype else "none"


def require_no_coding(req: Request) -> None:
    """Unsupported where the body is compressed."""
    coding = req.environ.get("HTTP_CONTENT_ENCODING", "identity")
    if coding.strip().lower() not in {"", "identity"}:
        raise Unsupported(f"the body must come without content coding, got {shown(coding)}")


def body_pieces(req: Request, limit: int) -> Iterator[bytes]:
    """The body, piece by piece; never cut in silence.

    TooLarge once it is over `limit` bytes, chunked or not; Malformed where it ends too early.
    """
    declared, size = _declared(req, limit), 0
    while size != declared and (piece := _read(req, PIECE)):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        yield piece
    _require_whole(size, declared)


def read_body(req: Request, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes, as `body_pieces` reads it."""
    declared = _declared(req, limit)
    if declared is None or declared > PIECE:
        return b"".join(body_pieces(req, limit))
    try:
        # No more than was declared is asked for: nothing need stand between, as for longer ones.
        body: bytes = req.environ["wsgi.input"].read(declared)
    except BROKEN_BODY as error:
        raise _broken_off() from error
    _require_whole(len(body), declared)
    return body


def _declared(req: Request, limit: int) -> int | None:
    declared = req.content_length
    if declared is not None and declared > limit:
        raise _too_large(limit)
    return declared


def _require_whole(size: int, declared: int | None) -> None:
    if declared is not None and size < declared:
        message = f"the body ended after {size} of {declared} bytes"
        raise malformed("incomplete_body", message)


def _read(req: Request, most: int) -> bytes:
    try:
        return req.stream.read(most)
    except BROKEN_BODY as error:
        raise _broken_off() from error


def _broken_off() -> Malformed:
    return malformed("incomplete_body", "the body broke off before its end")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes")


def _is_empty(req: Request) -> bool:
    return not req.content_length and "Transfer-Encoding" not in req.headers


def read_form(req: Request) -> None:
    """Read the form, once; Malformed where it is broken, Unsupported where it is none."""
    if req.mimetype not in FORM_TYPES:
        raise Unsupported(f"the content type must be a form's, got {_kind(req)}")
    require_utf8(req)
    require_no_coding(req)
    if _is_empty(req):
        raise malformed("broken_form", "the form is empty")
    req.form_data_parser_class = StrictFormData
    if req.mimetype == "application/x-www-form-urlencoded" and "form" not in vars(req):
        req.stream = BytesIO(read_body(req, MAX_FORM_BYTES))
    try:
        _ = req.form
    except (ValueError, *BROKEN_BODY) as error:
        raise malformed("broken_form", "the form is not complete or not well formed") from error
