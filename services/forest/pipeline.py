"""The kept model: a plain scikit-learn Pipeline that takes a raw DataFrame.

Its first steps encode as `encoding.encode` does, by functions of NumPy, pandas and scikit-learn
alone: whoever unpickles it needs nothing of this service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from services.columns import ColumnType, Feature
from services.forest.encoding import MISSING, UNSEEN

FAMILY: dict[ColumnType, str] = {
    "integer": "numbers",
    "number": "numbers",
    "boolean": "numbers",
    "date": "dates",
    "category": "categories",
}
EPOCH = pd.Timestamp(0, tz="UTC")


def pipeline_of(features: Sequence[Feature], forest: Any) -> Pipeline:
    """The fitted forest behind the fitted encoding of raw columns, ready to be pickled.

    The pipeline takes a DataFrame with at least the features, in any order, as pandas reads
    them from CSV or Arrow gives them. `pipeline[:-1].transform` is the encoding, (rows, features).
    """
    steps = [("columns", _columns(features))]
    order = _order(features)
    if order != sorted(order):
        take = FunctionTransformer(np.take, kw_args={"indices": order, "axis": 1})
        steps.append(("order", take.fit(np.zeros((1, len(order))))))
    return Pipeline([*steps, ("forest", forest)])


def _columns(features: Sequence[Feature]) -> ColumnTransformer:
    makers = {"numbers": _numbers, "dates": _dates, "categories": _categories}
    groups = {family: _of(features, family) for family in makers}
    transformers = [
        (family, makers[family](group), [feature.name for feature in group])
        for family, group in groups.items()
        if group
    ]
    return ColumnTransformer(transformers).fit(_frame(features))


def _order(features: Sequence[Feature]) -> list[int]:
    """Where each feature's column is after the families have been put side by side."""
    side_by_side = [
        f.name for family in dict.fromkeys(FAMILY.values()) for f in _of(features, family)
    ]
    places = {name: place for place, name in enumerate(side_by_side)}
    return [places[feature.name] for feature in features]


def _of(features: Sequence[Feature], family: str) -> list[Feature]:
    return [feature for feature in features if FAMILY[feature.type] == family]


def _frame(features: Sequence[Feature]) -> pd.DataFrame:
    """One row of missing values, typed: all that there is to fit."""
    dtypes = {"numbers": "float64", "dates": "datetime64[us]", "categories": "object"}
    return pd.DataFrame({f.name: pd.Series([None], dtype=dtypes[FAMILY[f.type]]) for f in features})


def _numbers(_: Sequence[Feature]) -> Pipeline:
    return make_pipeline(
        _step("fillna", value=np.nan),  # None and NA are no floats
        _step("astype", dtype="float64"),
        _step("fillna", value=MISSING),
    )


def _dates(_: Sequence[Feature]) -> Pipeline:
    return make_pipeline(
        _step("apply", func=pd.to_datetime, utc=True, format="ISO8601"),
        _step("astype", dtype="datetime64[us, UTC]"),
        _step("sub", other=EPOCH),
        _step("div", other=pd.Timedelta(days=1)),
        _step("fillna", value=MISSING),
    )


def _categories(features: Sequence[Feature]) -> Pipeline:
    levels = [np.array(["", *feature.levels], dtype=object) for feature in features]
    return make_pipeline(
        _step("astype", dtype="object"),
        _step("fillna", value=""),
        _step("astype", dtype=str),
        _step("astype", dtype="object"),
        OrdinalEncoder(
            categories=levels, handle_unknown="use_encoded_value", unknown_value=int(UNSEEN)
        ),
    )


def _step(method: str, **arguments: Any) -> FunctionTransformer:
    """A method of DataFrame as a step."""
    function = getattr(pd.DataFrame, method)
    return FunctionTransformer(function, kw_args=arguments, feature_names_out="one-to-one")
