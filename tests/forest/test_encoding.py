from __future__ import annotations

import numpy as np
import pyarrow as pa

from services.columns import Feature
from services.forest.encoding import MISSING, encode, unseen
from tests.forest.helpers import MIXED, mixed_table

TABLE = pa.table(
    {
        "n": pa.array([1, None, 2**53 + 1], pa.int64()),
        "x": pa.array([1.5, float("nan"), None]),
        "b": pa.array([True, None, False]),
        "d": pa.array([0, None, 86_400_000_000 + 43_200_000_000], pa.int64()).cast(
            pa.timestamp("us")
        ),
        "c": pa.array(["red", None, "mauve"]),
    }
)
FEATURES = [
    Feature("n", "integer"),
    Feature("x", "number"),
    Feature("b", "boolean"),
    Feature("d", "date"),
    Feature("c", "category", ["blue", "red"]),
]


def test_each_type_has_its_numbers() -> None:
    expected = [
        [1, 1.5, 1, 0, 2],
        [MISSING, MISSING, MISSING, MISSING, 0],
        [2**53, MISSING, 0, 1.5, -1],
    ]
    matrix = encode(TABLE, FEATURES)
    assert matrix.dtype == np.float32
    assert matrix.tolist() == expected


def test_missing_is_exact_and_below_every_other_number() -> None:
    assert float(np.float32(MISSING)) == MISSING
    assert np.float32(MISSING) == np.finfo(np.float32).min


def test_the_features_order_decides_not_the_tables() -> None:
    turned = encode(TABLE, FEATURES[::-1])
    np.testing.assert_array_equal(turned, encode(TABLE, FEATURES)[:, ::-1])


def test_chunks_and_batches_make_no_difference() -> None:
    table = mixed_table()
    whole = encode(table, MIXED)
    pieces = pa.concat_tables([table.slice(0, 7), table.slice(7, 100), table.slice(107)])
    np.testing.assert_array_equal(encode(pieces, MIXED), whole)
    batches = [encode(batch, MIXED) for batch in table.to_batches(max_chunksize=33)]
    np.testing.assert_array_equal(np.concatenate(batches), whole)


def test_empty_table() -> None:
    assert encode(TABLE.slice(0, 0), FEATURES).shape == (0, 5)


def test_a_column_of_nulls_alone() -> None:
    table = pa.table({"x": pa.nulls(2, pa.float64()), "c": pa.nulls(2, pa.string())})
    features = [Feature("x", "number"), Feature("c", "category", ["a"])]
    assert encode(table, features).tolist() == [[MISSING, 0], [MISSING, 0]]


def test_unseen_values_are_named_within_a_bound() -> None:
    assert unseen(TABLE, FEATURES) == {"c": {"mauve"}}
    many = pa.table({"c": [str(number) for number in range(1_000)]})
    assert len(unseen(many, [Feature("c", "category", ["7"])])["c"]) == 20
    assert unseen(pa.table({"c": ["7", None]}), [Feature("c", "category", ["7"])]) == {}
