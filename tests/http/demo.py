"""A small application with one route of every kind."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy.exc
from flask import Flask, Response, abort

from controllers import counts, negotiation, problem_pages, problems, request_log, statics
from controllers.api import Api, Blueprint
from controllers.negotiation import produces
from models import errors
from models.errors import Fault
from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import Name, StrictBoolean, StrictInteger, StrictNumber, StrictString
from schemas.query import QueryBoolean, QueryChoice, QueryInteger, QueryNumber

ROOT = Path(__file__).parents[2]
JSON_LIMIT = 200_000


class Thing(Schema):
    """What the demo creates."""

    id = Name()
    test_size = StrictNumber(above=0, below=1)
    random_state = StrictInteger(minimum=0, maximum=2**32 - 1)
    count = StrictInteger()
    stratify = StrictBoolean()
    type = StrictString(choices=("classification", "regression"))
    target = StrictString(min_length=1, max_length=100, allow_none=True)
    features = ListOf(StrictString())
    rows = ListOf(AnyObject())
    status = StrictString(dump_only=True)


class Part(Schema):
    """A thing inside of another."""

    size = StrictInteger(required=True, minimum=1)


class Whole(Schema):
    """A thing with parts."""

    parts = ListOf(ma.fields.Nested(Part), required=True)
    main = ma.fields.Nested(Part)


class Paging(Schema):
    """The query of a list."""

    page = QueryInteger(minimum=1, maximum=10_000)
    share = QueryNumber(minimum=0, maximum=1)
    deep = QueryBoolean()
    sort = QueryChoice(("name", "created_at"))
    tag = ListOf(StrictString(max_length=10))


class Form(Schema):
    """The fields of a form."""

    target = StrictString(required=True, min_length=1)
    test_size = QueryNumber(above=0, below=1)


blp = Blueprint("demo", __name__, url_prefix="/v1", description="Demo")


@blp.route("/things", methods=["POST"])
@blp.arguments(Thing)
@blp.response(201, Thing)
def create(thing: dict[str, Any]) -> dict[str, Any]:
    """Make a thing."""
    return thing


@blp.route("/wholes", methods=["POST"])
@blp.arguments(Whole)
@blp.response(200)
def whole(data: dict[str, Any]) -> dict[str, Any]:
    return data


@blp.route("/train", methods=["POST"])
@blp.arguments(Thing, required=False)
@blp.response(200)
@blp.problems(404, 409, 503)
def train(data: dict[str, Any]) -> dict[str, Any]:
    return data


@blp.route("/things")
@blp.arguments(Paging, location="query")
@blp.response(200)
def listing(query: dict[str, Any]) -> dict[str, Any]:
    return query


@blp.route("/forms", methods=["POST"])
@blp.arguments(Form, location="form")
@blp.response(200)
def form(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


@blp.route("/csv")
@produces("text/csv")
def as_csv() -> Response:
    return Response("a,b\n1,2\n", mimetype="text/csv")


ERRORS: dict[str, Exception] = {
    "malformed": errors.Malformed("x"),
    "unauthorized": errors.Unauthorized("x"),
    "forbidden": errors.Forbidden("x"),
    "not_found": errors.NotFound("x"),
    "not_acceptable": errors.NotAcceptable("x"),
    "conflict": errors.Conflict("a job runs", code="job_running", job="7"),
    "precondition_failed": errors.PreconditionFailed("x"),
    "too_large": errors.TooLarge("x"),
    "unsupported_media_type": errors.Unsupported("x"),
    "invalid": errors.Invalid("x", faults=[Fault("/a", "invalid", "y")]),
    "failed": errors.Failed("x"),
    "busy": errors.Busy("x", retry_after=7),
    "disk_full": errors.StorageFull("x"),
    "locked": sqlite3.OperationalError("database is locked"),
    "away": sqlalchemy.exc.OperationalError("SELECT secret", {}, Exception("connection refused")),
    "sqlite_full": sqlite3.OperationalError("database or disk is full"),
    "pool": sqlalchemy.exc.TimeoutError("QueuePool limit"),
    "enospc": OSError(errno.ENOSPC, "No space left on device", "/srv/secret"),
    "read_only": OSError(errno.EROFS, "Read-only file system", "/srv/secret"),
    "memory": MemoryError(),
    "crash": ZeroDivisionError("secret"),
    "lost": FileNotFoundError(errno.ENOENT, "No such file", "/srv/secret"),
}


@blp.route("/raise/<name>")
def fail(name: str) -> Response:
    raise ERRORS[name]


@blp.route("/abort/<int:status>")
def stop(status: int) -> Response:
    abort(status)


def create_demo() -> Flask:
    """The application, with all of the groundwork registered."""
    app = Flask("demo", static_folder=ROOT / "static", template_folder=ROOT / "templates")
    app.config["MAX_JSON_BYTES"] = JSON_LIMIT
    statics.register(app)
    counts.register(app)
    request_log.register(app)
    negotiation.register(app)
    problems.register(app)
    app.register_blueprint(problem_pages.blueprint)
    Api(app).register_blueprint(blp)
    return app
