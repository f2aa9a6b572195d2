"""flask-smorest with the service's own parser, errors and documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cached_property, wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
import orjson
from flask import Flask, Response, make_response, render_template, request
from flask.json.provider import DefaultJSONProvider
from flask_smorest.utils import prepare_response  # type: ignore[import-untyped]

from controllers.negotiation import produces
from controllers.parsing import StrictParser
from controllers.problems import BAD_REQUEST, MEDIA_TYPE
from controllers.statics import policy
from schemas.job import JobSchema
from schemas.problem import ProblemSchema

View = TypeVar("View", bound=Callable[..., Any])
SETTINGS = {
    "API_TITLE": "Grove",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": "docs",
    "OPENAPI_SWAGGER_UI_URL": "/static/swagger-ui/",
    "API_SPEC_OPTIONS": {
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "not needed on loopback as long as no key was made",
                }
            }
        },
    },
}
LOCATION = {"schema": {"type": "string", "format": "uri-reference"}}
RETRY_AFTER = {"schema": {"type": "integer"}, "description": "seconds"}
BODY_PROBLEMS = (400, 413, 415, 422)
# What any route may answer: two keys at once, no key or one that may less, no such format, too
# many wrong keys, a fault, no database.
ANY_PROBLEMS = (400, 401, 403, 406, 429, 500, 503)
OPEN: list[dict[str, Any]] = []  # as `security`: no key is needed
PATH_PARAMETERS = {
    "name": "a dataset's name",
    "experiment_id": "an experiment's id",
    "number": "a version's number, from 1",
    "job_id": "a job's id",
    "part": "a part of the split",
    "plot": "what is drawn",
    "form": "the format of the picture",
}
DOCS_POLICY = (
    "default-src 'none'; script-src {files}; style-src {files} 'unsafe-inline'; "
    "img-src {files} data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string"}
    told = {"schema": schema, "description": description, "example": example}
    return {"in": "header", "name": name, **told}


PREFER = _header(
    "Prefer", "how long to wait: wait=SECONDS, 60 at most, or respond-async (RFC 7240)", "wait=30"
)
IF_MATCH = _header("If-Match", "change this revision only: its ETag", '"0123abcd-1"')
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key", "sent again with the same body, the same work comes back", "6f1c2a"
)


class JSONProvider(DefaultJSONProvider):
    """JSON as RFC 8259 has it: a NaN is a fault of ours, and never goes out."""

    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """The object as JSON. Raises ValueError for NaN and the infinities."""
        return super().dumps(obj, **{"allow_nan": False, **kwargs})


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint that reads strictly and documents the errors of its routes."""

    ARGUMENTS_PARSER = StrictParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {  # noqa: RUF012 (the library's own declaration)
        "json": "application/json",
        "optional_json": "application/json",
        "form": "multipart/form-data",
        "files": "multipart/form-data",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the library's own options."""
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(self._prepare_headers_doc)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a view and document it, with the errors that any route may give."""
        names = re.findall("([a-z_]+)>", f"{self.url_prefix or ''}{rule}")
        told = [
            {"in": "path", "name": name, "required": True, "description": PATH_PARAMETERS[name]}
            for name in names
            if name in PATH_PARAMETERS
        ]
        decorate: Callable[[View], View] = super().route(rule, parameters=told, **options)
        return lambda view: decorate(self.problems(*ANY_PROBLEMS)(view))

    def arguments(
        self, schema: Any, *, location: str = "json", required: bool = True, **options: Any
    ) -> Callable[[View], View]:
        """Read the arguments at `location`; a JSON body that is not required may be left out.

        They are given to the view behind those that decorators around this one have read.
        """
        # One schema serves all requests: to make one takes longer than to use it.
        schema = schema() if isinstance(schema, type) else schema
        place = "optional_json" if location == "json" and not required else location
        arguments = super().arguments(schema, location=place, required=required, **options)
        in_body = place in self.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING
        told = self.documented(self.problems(*(BODY_PROBLEMS if in_body else (422,))), arguments)

        def decorate(view: View) -> View:
            @wraps(view)
            def read(*args: Any, **kwargs: Any) -> Any:
                given = self.ARGUMENTS_PARSER.parse(schema, location=place)
                return view(*args, given, **kwargs)

            return told(cast(View, read))

        return decorate

    def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
        """Document another answer than `response` does; the view itself stays as it is."""
        return self.documented(super().alt_response(status_code, **options))

    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[View], View]:
        """Document the success, and write what the view returns by the schema."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorate

    def documented(self, *decorators: Callable[[Any], Any]) -> Callable[[View], View]:
        """Document what decorators document; the view itself stays as it is."""

        def decorate(view: View) -> View:
            told: Any = view
            for each in reversed(decorators):
                told = each(told)
            view._apidoc = told._apidoc  # type: ignore[attr-defined]
            return view

        return decorate

    def accepted(self, view: View) -> View:
        """Document that the work may go on after the answer."""
        told = self.alt_response(
            202,
            schema=JobSchema,
            description="still under way: the job to look at",
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
        )
        return self.headers(PREFER)(told(view))

    def headers(self, *headers: dict[str, Any]) -> Callable[[View], View]:
        """Document headers that a route reads; the view itself stays as it is."""

        def decorate(view: View) -> View:
            known = deepcopy(getattr(view, "_apidoc", {}))
            known.setdefault("headers", []).extend(headers)
            view._apidoc = known  # type: ignore[attr-defined]
            return view

        return decorate

    def _prepare_headers_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], **_: Any
    ) -> dict[str, Any]:
        if headers := doc_info.get("headers"):
            doc["parameters"] = [*doc.get("parameters", []), *headers]
        return doc

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document the errors that a route can give; the view itself stays as it is."""
        told = [self.alt_response(each, response=HTTPStatus(each).name) for each in statuses]
        if HTTPStatus.PRECONDITION_FAILED in statuses:
            told.append(self.headers(IF_MATCH))
        return self.documented(*told)


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The documentation of all routes at /openapi.json, and for people at /docs."""

    ERROR_SCHEMA = ProblemSchema

    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        """Document `app`; what its configuration does not say is as above."""
        for name, value in SETTINGS.items():
            app.config.setdefault(name, value)
        app.json = JSONProvider(app)
        super().init_app(app, spec_kwargs=spec_kwargs)

    def _register_error_handlers(self) -> None:
        """None of the library's: errors are answered by controllers.problems alone."""

    def _register_responses(self) -> None:
        """Document every error status as a problem."""
        for status in HTTPStatus:
            self._document(status.name, status.phrase, is_error=status >= BAD_REQUEST)
        self._document(self.DEFAULT_ERROR_RESPONSE_NAME, "Any other error", is_error=True)

    def _document(self, name: str, phrase: str, *, is_error: bool) -> None:
        response: dict[str, Any] = {"description": phrase}
        if is_error:
            response["schema"] = self.ERROR_SCHEMA
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response(name, response, lazy=True)

    def _openapi_json(self) -> Response:
        """The document, which is the same as long as the process lives."""
        response = Response(self._document_bytes, mimetype="application/json")
        response.add_etag()
        return cast(Response, response.make_conditional(request))

    @cached_property
    def _document_bytes(self) -> bytes:
        return orjson.dumps(self.spec.to_dict(), option=orjson.OPT_INDENT_2)

    @produces("text/html")
    def _openapi_swagger_ui(self) -> Response:
        """The documentation as a page, made from this service's own files alone."""
        response = make_response(render_template("docs.html", title=self.spec.title))
        response.headers.setdefault("Content-Security-Policy", policy(DOCS_POLICY))
        return response
