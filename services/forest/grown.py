"""The trees of a forest that has grown, in the files of its batches: one after the other.

A forest may be larger than the memory in which it is made; a tree of it is not.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, overload

from models.errors import Failed
from services.files import replacing, sha256_of

# The end of a file: where its index is, of where each tree begins and how many nodes it has.
END, MARK = struct.Struct("<Q8s"), b"trees  1"


def dump_trees(trees: Iterable[Any], file: BinaryIO) -> int:
    """Write trees to an open file, each a pickle of its own, and an index; returns how many."""
    index = []
    for tree in trees:
        index.append((file.tell(), int(tree.tree_.node_count)))
        pickle.dump(tree, file, protocol=pickle.HIGHEST_PROTOCOL)
    start = file.tell()
    pickle.dump(index, file)
    file.write(END.pack(start, MARK))
    return len(index)


class Grown(Sequence[Any]):
    """Trees that stay in the files that `dump_trees` wrote: who looks at one has it read.

    They are given with their SHA-256 sums. A slice is a list; pickled, it is the list of all.
    `node_counts` are their nodes. Raises Failed, work_lost, where a file is another one.
    """

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self._places: list[tuple[Path, int]] = []
        self.node_counts: list[int] = []
        for path, sha256 in files:
            self._find(path, sha256)

    def __len__(self) -> int:
        """How many trees there are."""
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        """A tree, or a list of some."""
        if isinstance(at, slice):
            return [_read(*place) for place in self._places[at]]
        return _read(*self._places[at])

    def __iter__(self) -> Iterator[Any]:
        """The trees in their order, one in memory at a time."""
        return (_read(*place) for place in self._places)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()], None, Iterator[Any]]:
        """As a list, each tree read when its turn comes."""
        return list, (), None, iter(self)

    def _find(self, path: Path, sha256: str) -> None:
        """Note where in a file each tree is."""
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise _lost(path, "are not those written")
                index = _index_of(file)
        except FileNotFoundError as error:
            raise _lost(path, "are gone") from error
        if index is None:
            again = _in_order(path)
            self._find(again, sha256_of(again))
            return
        self._places += [(path, start) for start, _ in index]
        self.node_counts += [nodes for _, nodes in index]


def _index_of(file: BinaryIO) -> list[tuple[int, int]] | None:
    """The index of a file; None where an older version wrote it, a list of trees."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END.size))
    end = file.read()
    start, mark = END.unpack(end) if len(end) == END.size else (0, b"")
    if mark != MARK:
        return None
    file.seek(start)
    return list(pickle.load(file))  # noqa: S301 - our own file, checked


def _in_order(path: Path) -> Path:
    """The trees of such a list again, in a file beside it."""
    again = path.with_suffix(".again")
    with path.open("rb") as file, replacing(again) as written:
        dump_trees(pickle.load(file), written)  # noqa: S301 - our own file, checked
    return again


def _read(path: Path, start: int) -> Any:
    with path.open("rb") as file:
        file.seek(start)
        return pickle.load(file)  # noqa: S301 - our own file, checked when it was found


def _lost(path: Path, why: str) -> Failed:
    return Failed(f"the trees in {path.name} {why}", code="work_lost")
