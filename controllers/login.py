"""/login: a key is traded for a session, so that a browser can show the pages."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from controllers import access, sessions
from controllers.api import OPEN, Blueprint
from controllers.negotiation import produces
from controllers.parsing import StrictParser
from controllers.statics import policy
from models.key import digest_of
from schemas.key import LoginSchema

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HTML = "text/html"
AFTERWARDS = "/"
PAGE = {"type": "string"}
POLICY = (
    "default-src 'none'; style-src {files}; img-src {files}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
BODY = {
    "required": True,
    "content": {JSON: {"schema": LoginSchema}, FORM: {"schema": LoginSchema}},
}
PARSER = StrictParser()

blp = Blueprint("login", __name__, description="Sessions for browsers")


@blp.route("/login")
@blp.doc(security=OPEN)  # type: ignore[untyped-decorator]
@blp.response(200, PAGE, content_type=HTML)
@produces(HTML)
def show_login() -> Response:
    """Ask for a key."""
    response = make_response(render_template("login.html"))
    response.headers["Content-Security-Policy"] = policy(POLICY)
    return response


@blp.route("/login", methods=["POST"])
@blp.doc(requestBody=BODY, security=OPEN)  # type: ignore[untyped-decorator]
@blp.response(204)
@blp.alt_response(303, description="where to go on: what a form is answered with")
@blp.problems(400, 403, 413, 415, 422, 429)
@produces(JSON, HTML)
def log_in() -> Response:
    """Begin a session of twelve hours; it ends with the key that it began with."""
    in_form = request.mimetype == FORM
    secret = PARSER.parse(LoginSchema, request, location="form" if in_form else "json")["key"]
    access.grant_of(secret)
    response = Response(status=303 if in_form else 204)
    if in_form:
        response.location = AFTERWARDS
    sessions.begin(response, digest_of(secret))
    return response


@blp.route("/logout", methods=["POST"])
@blp.response(204)
def log_out() -> Response:
    """End the session of this browser."""
    response = Response(status=204)
    sessions.end(response)
    return response
