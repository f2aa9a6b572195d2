"""What is written in protobuf's bytes is what protobuf itself would write."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import AttributeProto, NodeProto

from services.forest.wire import add_integers

pytestmark = pytest.mark.no_database

EDGES = [edge + by for bits in range(7, 32, 7) for edge in [2**bits] for by in (-1, 0, 1)]


@pytest.mark.parametrize("values", [[], [0], [127], [128], [0, 300, 1], [2**32 - 1, 0], EDGES])
@pytest.mark.parametrize("dtype", [np.int64, np.uint32])
def test_integers_are_what_protobuf_writes(values: list[int], dtype: type) -> None:
    ours, theirs = NodeProto(), NodeProto()
    add_integers(ours, "x", np.array(values, dtype=dtype))
    theirs.attribute.add(name="x", type=AttributeProto.INTS).ints.extend(values)
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_many_are_what_protobuf_writes() -> None:
    ours, theirs = NodeProto(), NodeProto()
    rng = np.random.default_rng(0)
    values = (2 ** rng.uniform(0, 31.9, 10_000)).astype(np.int64)
    add_integers(ours, "x", values)
    theirs.attribute.add(name="x", type=AttributeProto.INTS).ints.extend(values.tolist())
    assert ours == theirs
