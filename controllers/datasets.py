"""/v1/datasets: CSV files, kept under names."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, send_file

from controllers.api import Blueprint
from controllers.caching import remembered
from controllers.negotiation import produces
from controllers.parts import parts
from controllers.uploads import CSV, received_body
from controllers.waiting import preferred_wait, session, unfinished, waited
from models import Dataset
from schemas.dataset import DatasetPageSchema, DatasetSchema, ReadingSchema
from schemas.fields import checked_name
from schemas.listing import PageQuery
from services import datasets
from services.listing import Page
from services.reading import Reading

blp = Blueprint("datasets", __name__, url_prefix="/v1/datasets", description="CSV files")

BODY = {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}
# Slashes too: whoever sends one in a name is told what a name may be.
NAMED = "/<path:name>"


@blp.route("")
@blp.arguments(PageQuery, location="query")
@remembered(lambda query: datasets.state_of_list(session(), **query))
@blp.response(200, DatasetPageSchema)
def list_datasets(query: dict[str, Any]) -> Page[Dataset]:
    """List datasets by name."""
    return datasets.listed(session(), **query)


@blp.route(NAMED, methods=["PUT"])
@blp.doc(requestBody=BODY)  # type: ignore[untyped-decorator]
@blp.arguments(ReadingSchema, location="query")
@blp.response(201, DatasetSchema)
@blp.alt_response(200, schema=DatasetSchema)
@blp.accepted
@blp.problems(400, 409, 413, 415, 503, 507)
def put_dataset(reading: dict[str, Any], name: str) -> Response:
    """Keep the body, a CSV, as a dataset: read whole, described, or refused."""
    wait = preferred_wait()
    checked_name(name)
    had_name = session().get(Dataset, name) is not None
    job = received_body(reading_of(reading))
    job.dataset = name
    kept = datasets.submit(session(), parts().queue, parts().home, job, reading_of(reading))
    if not isinstance(kept, Dataset):
        other = unfinished(waited(session(), kept, wait))
        if other is not None:
            return other
    return _described(name, 200 if had_name else 201)


@blp.route(NAMED)
@remembered(lambda name: datasets.state(session(), name))
@blp.response(200, DatasetSchema)
@blp.problems(404)
def get_dataset(name: str) -> Dataset:
    """Describe a dataset: rows, columns, warnings."""
    return datasets.get(session(), name)


@blp.route("/<name>/file")
@blp.response(200, {"type": "string"}, content_type=CSV)
@blp.problems(404, 409)
@produces(CSV)
def download_dataset(name: str) -> Response:
    """Download a dataset as it was sent."""
    dataset = datasets.get(session(), name)
    file = datasets.file_of(parts().home, dataset)
    return send_file(file, mimetype=CSV, as_attachment=True, download_name=f"{dataset.name}.csv")


@blp.route(NAMED, methods=["DELETE"])
@blp.response(204)
@blp.problems(404, 409)
def delete_dataset(name: str) -> None:
    """Delete a dataset that no experiment uses."""
    datasets.delete(session(), parts().home, name)


def reading_of(options: dict[str, Any]) -> Reading:
    """The reading options out of validated arguments."""
    return Reading.from_record(options)


def _described(name: str, status: int) -> Response:
    session().rollback()
    schema = DatasetSchema()  # type: ignore[no-untyped-call]
    response = jsonify(schema.dump(datasets.get(session(), name)))
    response.status_code = status
    return response
