"""flask-smorest with the service's own parser, errors and documentation."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import flask_smorest  # type: ignore[import-untyped]
from flask import Flask, Response, make_response, render_template
from flask_smorest.utils import prepare_response  # type: ignore[import-untyped]

from controllers.negotiation import produces
from controllers.parsing import StrictParser
from controllers.problems import BAD_REQUEST, MEDIA_TYPE
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
}
LOCATION = {"schema": {"type": "string", "format": "uri-reference"}}
RETRY_AFTER = {"schema": {"type": "integer"}, "description": "seconds"}
BODY_PROBLEMS = (400, 413, 415, 422)
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint that reads strictly and documents the errors of its routes."""

    ARGUMENTS_PARSER = StrictParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {  # noqa: RUF012 (the library's own declaration)
        "json": "application/json",
        "optional_json": "application/json",
        "form": "multipart/form-data",
        "files": "multipart/form-data",
    }

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a view and document it."""
        decorate: Callable[[View], View] = super().route(rule, **options)
        return decorate

    def arguments(
        self, schema: Any, *, location: str = "json", required: bool = True, **options: Any
    ) -> Callable[[View], View]:
        """Read the arguments at `location`; a JSON body that is not required may be left out."""
        place = "optional_json" if location == "json" and not required else location
        read: Callable[[View], View] = super().arguments(
            schema, location=place, required=required, **options
        )
        in_body = place in self.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING
        told = self.problems(*(BODY_PROBLEMS if in_body else (422,)))
        return lambda view: told(read(view))

    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[View], View]:
        """Document the success, and write what the view returns by the schema."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorate

    def accepted(self, view: View) -> View:
        """Document that the work may go on after the answer."""
        told: Callable[[View], View] = self.alt_response(
            202,
            schema=JobSchema,
            description="still under way: the job to look at",
            headers={"Location": LOCATION, "Retry-After": RETRY_AFTER},
        )
        return told(view)

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document the errors that a route can give; the view itself stays as it is."""

        def decorate(view: View) -> View:
            documented: Any = view
            for status in statuses:
                name = HTTPStatus(status).name
                documented = self.alt_response(status, response=name)(documented)
            view._apidoc = documented._apidoc  # type: ignore[attr-defined]
            return view

        return decorate


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The documentation of all routes at /openapi.json, and for people at /docs."""

    ERROR_SCHEMA = ProblemSchema

    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        """Document `app`; what its configuration does not say is as above."""
        for name, value in SETTINGS.items():
            app.config.setdefault(name, value)
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

    @produces("text/html")
    def _openapi_swagger_ui(self) -> Response:
        """The documentation as a page, made from this service's own files alone."""
        response = make_response(render_template("docs.html", title=self.spec.title))
        response.headers.setdefault("Content-Security-Policy", DOCS_POLICY)
        return response
