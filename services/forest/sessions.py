"""An export as ONNX Runtime runs it: a session a part, all of them at a time or one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
import onnxruntime

from services.forest.encoding import Floats, Matrix


class Forest(Protocol):
    """What answers encoded rows."""

    def mean(self, output: str, matrix: Matrix) -> Floats:
        """The mean over all trees of an export's output, float64: probabilities, or value."""
        ...


class Sessions:
    """The sessions of all parts; what they answer is the mean over all trees."""

    def __init__(self, sessions: list[Any], counts: list[int]) -> None:
        """`counts` are the trees of each part."""
        total = sum(counts)
        self._shared = [(each, n / total) for each, n in zip(sessions, counts, strict=True)]

    @classmethod
    def load(cls, contents: Iterable[bytes], counts: list[int]) -> Sessions:
        """The forest of these files' contents, taken one by one."""
        return cls([_session(content) for content in contents], counts)

    def mean(self, output: str, matrix: Matrix) -> Floats:
        """The mean over all trees of this output, float64, for encoded rows."""
        inputs = _inputs(matrix)
        (first, share), *others = self._shared
        if not others:
            return _answer(first, output, inputs)
        scores = _answer(first, output, inputs) * share
        for session, share in others:
            scores += _answer(session, output, inputs) * share
        return scores


class Passing:
    """As `Sessions`, but each part is loaded when it is asked, and let go: slow, and small."""

    def __init__(self, contents: Callable[[], Iterable[bytes]], counts: list[int]) -> None:
        self._contents, self._counts = contents, counts

    def mean(self, output: str, matrix: Matrix) -> Floats:
        """The mean over all trees of this output, float64, for encoded rows."""
        inputs, total = _inputs(matrix), sum(self._counts)
        scores = (
            _answer(_session(content), output, inputs) * (count / total)
            for content, count in zip(self._contents(), self._counts, strict=True)
        )
        return np.asarray(sum(scores))


def _inputs(matrix: Matrix) -> dict[str, Floats]:
    return {"X": matrix.astype(np.float64)}


def _answer(session: Any, output: str, inputs: dict[str, Floats]) -> Floats:
    return np.asarray(session.run([output], inputs)[0].astype(np.float64))


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    _give_back()
    return session


def _give_back() -> None:
    """Give the system back what the load has freed: glibc would keep as much as a session takes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
