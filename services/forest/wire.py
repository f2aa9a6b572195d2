"""Attributes of ONNX with millions of values, in the bytes that protobuf would write for them.

To hand protobuf a list takes two to four times as long, and up to 40 bytes of memory a value
meanwhile instead of 8 to 18.
https://protobuf.dev/programming-guides/encoding (varints; packed repeated fields)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, NodeProto

BITS = 7  # of a number in each byte of a varint, the lowest first; the eighth says that more follow
LENGTH_DELIMITED = 2
INTS = bytes([AttributeProto.DESCRIPTOR.fields_by_name["ints"].number << 3 | LENGTH_DELIMITED])


def add_integers(node: NodeProto, name: str, values: npt.NDArray[Any]) -> None:
    """Give a node an attribute of integers from 0 to 2^32 - 1, shape (n,)."""
    packed = varints(values)
    attribute = node.attribute.add(name=name, type=AttributeProto.INTS)
    attribute.MergeFromString(INTS + varints(np.array([len(packed)])) + packed)


def varints(values: npt.NDArray[Any]) -> bytes:
    """Integers from 0 to 2^32 - 1, shape (n,), each as a varint of as few bytes as it needs."""
    left = values.astype(np.uint32)
    places = max(1, -(-int(left.max(initial=0)).bit_length() // BITS))
    groups = np.empty((len(left), places), dtype=np.uint8)
    there = np.ones((len(left), places), dtype=np.bool_)
    for place in range(places):
        np.bitwise_and(left, 2**BITS - 1, out=groups[:, place], casting="unsafe")
        left >>= BITS
        if place + 1 < places:
            more = np.not_equal(left, 0, out=there[:, place + 1])
            groups[:, place] |= more.view(np.uint8) << BITS
    return groups[there].tobytes()
