"""The trees of a pickled forest one after the other, in the memory that one of them takes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from sklearn.tree._tree import Tree

TREE = (Tree.__module__, Tree.__name__)


def trees_in(file: BinaryIO, aside: BinaryIO) -> Iterator[Any]:
    """The trees of a pipeline that `export.write_kept` pickled; what waits is put `aside`.

    To unpickle is to run: only a file of ours, checked, is to be given. A tree that is given is
    changed when the next one is asked for.
    """
    forest = _Unpickler(file, aside).load()[-1]
    for estimator in forest.estimators_:
        waiting, estimator.tree_ = estimator.tree_, estimator.tree_.whole()
        yield estimator
        estimator.tree_ = waiting


class _Unpickler(pickle.Unpickler):
    """Puts the arrays of each tree into another file as it comes to them."""

    def __init__(self, file: BinaryIO, aside: BinaryIO) -> None:
        super().__init__(file)
        self._aside = aside

    def find_class(self, module: str, name: str) -> Any:
        """A stand-in for the class of the arrays; all else as it is."""
        if (module, name) == TREE:
            return partial(_Waiting, self._aside)
        return super().find_class(module, name)


class _Waiting:
    """The arrays of a tree, in a file."""

    def __init__(self, aside: BinaryIO, *about: Any) -> None:
        self._aside, self._about, self._start = aside, about, 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._start = self._aside.seek(0, 2)
        pickle.dump(state, self._aside, protocol=pickle.HIGHEST_PROTOCOL)

    def whole(self) -> Any:
        """The arrays as scikit-learn has them."""
        self._aside.seek(self._start)
        tree = Tree(*self._about)
        tree.__setstate__(pickle.load(self._aside))  # noqa: S301 - written above
        return tree
