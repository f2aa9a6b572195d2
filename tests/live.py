"""What is recorded, what is told of it later, and the live scores."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.story import FLOWER, Story


def recorded(story: Story, experiment: str, *rows: Any) -> list[dict[str, Any]]:
    answer = story.predict(experiment, *rows, record=True)
    assert answer.status_code == 200, answer.text
    predictions: list[dict[str, Any]] = answer.json["predictions"]
    return predictions


def tell(story: Story, experiment: str, *outcomes: dict[str, Any]) -> Any:
    path = f"/v1/experiments/{experiment}/outcomes"
    return story.client.post(path, json={"outcomes": list(outcomes)})


def live(story: Story, experiment: str, **query: Any) -> Any:
    return story.client.get(f"/v1/experiments/{experiment}/outcomes", query_string=query).json


def away() -> Session:
    raise OperationalError("", {}, Exception("the database is away"))


def rows_of(count: int, seed: int = 0) -> list[dict[str, Any]]:
    pick = random.Random(seed)  # noqa: S311
    return [{**FLOWER, "size": pick.gauss(6, 1.5), "colour": "white"} for _ in range(count)]
