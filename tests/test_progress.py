"""The bar of ./run.sh demo."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest

from commands.progress import CLEAR, WIDTH, bar, watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("share", "full"), [(0, 0), (0.5, WIDTH // 2), (1, WIDTH), (1.2, WIDTH)])
def test_the_bar_is_as_full_as_the_work_is_done(share: float, full: int) -> None:
    text = bar(share, "tree 5 of 10")
    assert text.count("#") == full
    assert text.count("#") + text.count(".") == WIDTH
    assert text.endswith("tree 5 of 10")


def test_work_is_watched_until_it_is_done() -> None:
    looked = threading.Event()
    told: list[dict[str, Any] | None] = [None, {"progress": 0.25, "message": "tree 5 of 20"}]

    def job() -> dict[str, Any] | None:
        if len(told) == 1:
            looked.set()
        return told.pop(0) if len(told) > 1 else told[0]

    out = Terminal()
    assert watched(lambda: looked.wait(30), job, out) is True
    assert "25%  tree 5 of 20" in out.getvalue()
    assert out.getvalue().endswith(CLEAR)


def test_an_error_of_the_work_is_raised_and_the_line_is_clear() -> None:
    out = Terminal()
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 / 0, lambda: None, out)
    assert out.getvalue() == CLEAR


def test_nothing_is_drawn_where_nobody_looks() -> None:
    out = io.StringIO()
    assert watched(lambda: 7, lambda: {"progress": 0.5, "message": ""}, out) == 7
    assert out.getvalue() == ""
