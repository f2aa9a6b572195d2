"""The trees of a forest that has grown, in the files of its batches: one after the other.

A forest may be larger than the memory in which it is made; a tree of it is not.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, overload

from models.errors import Failed


def dump_trees(trees: Iterable[Any], file: BinaryIO) -> None:
    """Write trees to an open file, each a pickle of its own."""
    for tree in trees:
        pickle.dump(tree, file, protocol=pickle.HIGHEST_PROTOCOL)


class Grown(Sequence[Any]):
    """Trees that stay in the files that `dump_trees` wrote: who looks at one has it read.

    They are given with their SHA-256 sums. A slice is a list; pickled, it is the list of all.
    `nodes` is how many these have together. Raises Failed, work_lost, where a file is another one.
    """

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self._places: list[tuple[Path, int]] = []
        self.nodes = 0
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
                size = file.seek(0, 2)
                start = file.seek(0)
                while start < size:
                    self.nodes += _node_count(pickle.load(file), path)  # noqa: S301 - our own
                    self._places.append((path, start))
                    start = file.tell()
        except FileNotFoundError as error:
            raise _lost(path, "are gone") from error


def _read(path: Path, start: int) -> Any:
    with path.open("rb") as file:
        file.seek(start)
        return pickle.load(file)  # noqa: S301 - our own file, checked when it was found


def _node_count(tree: Any, path: Path) -> int:
    if isinstance(tree, list):
        raise _lost(path, "were written by an older Grove")
    return int(tree.tree_.node_count)


def _lost(path: Path, why: str) -> Failed:
    return Failed(f"the trees in {path.name} {why}", code="work_lost")
