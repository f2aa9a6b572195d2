"""A large forest's export in parts, each some of the trees and a whole model by itself.

A file of ONNX ends at 2 GiB, and while one is made or loaded it takes more than twice the memory
that it takes afterwards: parts are made one after the other, and loaded so. A forest of 1.4 million
nodes, three classes, whole and in parts of so many nodes:

    whole      604 bytes a node to load, 241 once loaded, a row in 15 us, 20,000 rows in 0.47 s
    500,000    366                       241                       47                    0.22
    250,000    294                       242                       59                    0.18
    100,000    256                       242                      136                    0.17
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.forest.trees import Trees, node_counts, trees_of

MOST_NODES = 250_000  # of a part of several trees


def name_of(number: int) -> str:
    """The file of a part; the first one is called as an undivided export is."""
    return "model.onnx" if number == 1 else f"model-{number}.onnx"


def deal(forest: Any) -> Iterator[Trees]:
    """The trees of a fitted forest in their order, as few parts as hold them; none is divided."""
    start, nodes = 0, 0
    for at, count in enumerate(node_counts(forest.estimators_)):
        nodes += count
        if nodes > MOST_NODES and at > start:
            yield trees_of(forest, start, at)
            start, nodes = at, count
    yield trees_of(forest, start)
