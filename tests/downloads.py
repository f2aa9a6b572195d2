"""What a client downloads, as a client reads it."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pandas as pd

from tests.story import Story


def fetched(story: Story, experiment: str, rest: str) -> bytes:
    """The bytes of an answer, read to its end."""
    with story.get(experiment, rest) as answer:
        content: bytes = answer.get_data()
        assert answer.status_code == 200, content
        return content


def pipeline_of(story: Story, experiment: str, version: int = 1) -> Any:
    """The pickled model, unpickled."""
    return pickle.loads(fetched(story, experiment, f"/versions/{version}/model"))


def rows_of_split(story: Story, experiment: str, part: str, **options: Any) -> pd.DataFrame:
    """A part of the split as pandas reads it."""
    content = fetched(story, experiment, f"/splits/{part}")
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(content), **options)
    return frame


def split_of(story: Story, experiment: str, part: str, target: str = "kind") -> Any:
    """A part of the split: the features, and the target."""
    frame = rows_of_split(story, experiment, part)
    return frame.drop(columns=target), frame[target]
