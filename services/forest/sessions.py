"""An export as ONNX Runtime runs it: a session a part."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnxruntime

from services.forest.encoding import Floats, Matrix


class Sessions:
    """The sessions of all parts; what they answer is the mean over all trees."""

    def __init__(self, sessions: list[Any], counts: list[int]) -> None:
        """`counts` are the trees of each part."""
        self.counts, total = counts, sum(counts)
        self._shared = [(each, n / total) for each, n in zip(sessions, counts, strict=True)]

    @classmethod
    def load(cls, contents: Iterable[bytes], counts: list[int]) -> Sessions:
        """The forest of these files' contents, taken one by one."""
        return cls([_session(content) for content in contents], counts)

    def mean(self, output: str, matrix: Matrix) -> Floats:
        """The mean over all trees of this output, float64, for encoded rows."""
        inputs = {"X": matrix.astype(np.float64)}
        if len(self._shared) == 1:
            return np.asarray(self._shared[0][0].run([output], inputs)[0].astype(np.float64))
        scores = [
            session.run([output], inputs)[0].astype(np.float64) * share
            for session, share in self._shared
        ]
        return np.asarray(sum(scores[1:], scores[0]))


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
