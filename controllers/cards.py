"""…/card: what a version is, in words and pictures, for people who were not there."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, render_template

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.inspections import made
from controllers.negotiation import produces
from controllers.waiting import session
from schemas.experiment import ExperimentSchema
from schemas.version import CardQuery, VersionSchema
from services import experiments, inspecting, versions
from services.forest.usage import NOTE
from services.pictures.names import OF_TASK

MARKDOWN, HTML, JSON = "text/markdown", "text/html", "application/json"
ENDINGS = {"markdown": "md", "html": "html"}
TEXT = {"type": "string"}
SVG = "svg"
# A card is one file, to be kept: its style stands in it, and no other has a say.
STYLE = (Path(__file__).parents[1] / "static" / "grove.css").read_text(encoding="utf-8")
HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{HASH}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
SPECIAL = re.compile(r"([\\`*_\[\]<>&|])")

blp = Blueprint(
    "cards",
    __name__,
    url_prefix="/v1/experiments/<experiment_id>/versions",
    description="What a version is, to read",
)


@blp.route("/<int:number>/card")
@blp.arguments(CardQuery, location="query")
@conditional
@blp.response(200, TEXT, content_type=MARKDOWN)
@blp.alt_response(200, schema=TEXT, content_type=HTML, success=True)
@blp.accepted
@blp.problems(404, 409)
@produces(MARKDOWN, HTML, JSON)
def show_card(query: dict[str, Any], experiment_id: str, number: int) -> Response:
    """Read what a version is: its data, how it was grown, its scores, where it fails, its use.

    As Markdown, or as one HTML file that holds its pictures.
    """
    kind = query["format"]
    found = made(inspecting.record, experiment_id, number)
    if isinstance(found, Response):
        return found
    experiment = experiments.get(session(), experiment_id)
    version = versions.get(session(), experiment_id, number)
    text = render_template(
        f"card.{ENDINGS[kind]}",
        experiment=ExperimentSchema().dump(experiment),  # type: ignore[no-untyped-call]
        version=VersionSchema().dump(version),  # type: ignore[no-untyped-call]
        found=found,
        usage=NOTE,
        pictures=_pictures(experiment_id, number, experiment.type) if kind == "html" else [],
        names=OF_TASK[experiment.type],
        plain=plain,
        style=STYLE,
    )
    response = Response(text, mimetype=f"text/{kind}")
    response.headers["Content-Security-Policy"] = POLICY
    name = f"{experiment_id}-{number}-card.{ENDINGS[kind]}"
    response.headers.set("Content-Disposition", "inline", filename=name)
    return response


def plain(text: object) -> str:
    """A text that Markdown takes as it is, on one line (CommonMark, backslash escapes)."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _pictures(experiment_id: str, number: int, task: str) -> list[tuple[str, str]]:
    """The pictures by name, each as an address that holds it."""
    told = []
    for name in OF_TASK[task]:
        content = made(inspecting.picture, experiment_id, number, f"{name}.{SVG}")
        if isinstance(content, bytes):
            told.append((name, f"data:image/svg+xml;base64,{b64encode(content).decode()}"))
    return told
