"""The trees of a forest as a few long arrays."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LINKS = frozenset({"children_left", "children_right", "feature"})
# What stands before a member of a ZIP (APPNOTE 6.3, 4.3.7); at its end how long the name is, and
# the extra field.
LOCAL_HEADER = struct.Struct("<26x2H")


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, tree after tree; tree t has the nodes offsets[t] to offsets[t+1].

    A child is the place of a node within its tree, -1 where the node is a leaf. Rows with
    feature <= threshold go left. `value` is (nodes, classes), the shares of the classes, or
    (nodes, 1), the mean of the target.
    """

    offsets: Array
    children_left: Array
    children_right: Array
    feature: Array
    threshold: Array
    value: Array
    n_node_samples: Array
    weighted_n_node_samples: Array
    impurity: Array

    @property
    def count(self) -> int:
        """How many trees there are."""
        return len(self.offsets) - 1

    @cached_property
    def leaf(self) -> npt.NDArray[np.bool_]:
        """Which nodes are leaves, shape (nodes,)."""
        return np.asarray(self.children_left < 0)

    @cached_property
    def tree_of(self) -> npt.NDArray[np.int64]:
        """The tree of each node, shape (nodes,)."""
        return np.repeat(np.arange(self.count), np.diff(self.offsets))

    @cached_property
    def place(self) -> npt.NDArray[np.int64]:
        """The place of each node within its tree, shape (nodes,)."""
        return np.asarray(np.arange(self.offsets[-1]) - self.offsets[self.tree_of])

    @classmethod
    def load(cls, file: Path | BinaryIO) -> Trees:
        """The trees that `save` wrote."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(**arrays)

    @classmethod
    def mapped(cls, file: BinaryIO) -> Trees:
        """The trees that `save` wrote, as parts of the file: the system holds what it has room for.

        To look at a node costs about a third more than in memory: an archive aligns nothing.
        """
        with zipfile.ZipFile(file) as archive:
            return cls(**{info.filename[:-4]: _mapped(file, info) for info in archive.infolist()})


def trees_of(forest: Any, start: int = 0, stop: int | None = None) -> Trees:
    """The arrays of a fitted scikit-learn forest with one output, or of some of its trees."""
    estimators = forest.estimators_[start:stop]
    names = [field.name for field in fields(Trees) if field.name != "offsets"]
    arrays = {name: np.concatenate([_array(each, name) for each in estimators]) for name in names}
    return Trees(offsets=_offsets(estimators), **arrays)


def save(forest: Any, path: Path) -> None:
    """Write the arrays of a forest to an .npz that holds no objects, tree by tree.

    It is what numpy.savez makes of them, without their being in memory all at once.
    """
    estimators = forest.estimators_
    offsets = _offsets(estimators)
    with zipfile.ZipFile(path, "w") as archive:
        for field in fields(Trees):
            with archive.open(f"{field.name}.npy", "w", force_zip64=True) as member:
                if field.name == "offsets":
                    _write(member, len(offsets), [offsets])
                else:
                    _write(member, offsets[-1], (_array(each, field.name) for each in estimators))


def _array(estimator: Any, name: str) -> Array:
    """An array of one tree; `value` without the outputs, of which there is one."""
    values: Array = getattr(estimator.tree_, name)
    if name == "value":
        return values[:, 0, :]
    return values.astype(np.int32) if name in LINKS else values


def node_counts(estimators: Sequence[Any]) -> list[int]:
    """The nodes of each tree, known where the trees themselves are in files."""
    known: list[int] | None = getattr(estimators, "node_counts", None)
    return known or [int(each.tree_.node_count) for each in estimators]


def _offsets(estimators: Sequence[Any]) -> Array:
    return np.cumsum([0, *node_counts(estimators)], dtype=np.int64)


def _write(member: IO[bytes], length: int, pieces: Iterable[Array]) -> None:
    for at, piece in enumerate(pieces):
        if at == 0:
            about = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(piece))
            np.lib.format.write_array_header_1_0(
                member, {**about, "shape": (int(length), *piece.shape[1:])}
            )
        member.write(piece.tobytes())


def _mapped(file: BinaryIO, info: zipfile.ZipInfo) -> Array:
    file.seek(info.header_offset)
    file.seek(sum(LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))), 1)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    # Without what NumPy's own class does at each look at it.
    return np.asarray(np.memmap(file, dtype, "r", file.tell(), shape))
