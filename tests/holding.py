"""A step that holds the interpreter, as trees that grow do: no other thread of it runs."""

from __future__ import annotations

import re

from services.worker.children import context, end_with_parent

FOR_HOURS = "a" * 40


def hold() -> None:
    end_with_parent()
    re.fullmatch("(a+)+b", FOR_HOURS)


if __name__ == "__main__":
    child = context().Process(target=hold, daemon=True)
    child.start()
    print(child.pid, flush=True)
    child.join()
