"""What a benchmark has found: a table for people, and JSON beside it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("flask", "gunicorn", "numpy", "onnxruntime", "pandas", "scikit-learn")
HEAD = ("", "Grove", "yardstick", "ratio", "target", "")


@dataclass(frozen=True)
class Target:
    """A bound that a figure should keep."""

    words: str
    holds: Callable[[float], bool]


def at_least(bound: float) -> Target:
    """The figure should be `bound` or more."""
    return Target(f">= {bound:g}", lambda figure: figure >= bound)


def at_most(bound: float) -> Target:
    """The figure should be `bound` or less."""
    return Target(f"<= {bound:g}", lambda figure: figure <= bound)


@dataclass(frozen=True)
class Row:
    """One line: what was measured, Grove's figure, its yardstick's, their ratio, the target.

    The target is of the ratio where there is one, else of Grove's figure itself.
    """

    what: str
    unit: str
    subject: float
    yardstick: float | None = None
    ratio: float | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is kept; None where there is none."""
        figure = self.subject if self.ratio is None else self.ratio
        return None if self.target is None else self.target.holds(figure)

    def cells(self) -> list[str]:
        """The line as text."""
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        figures = [_shown(each) for each in (self.subject, self.yardstick, self.ratio)]
        target = self.target.words if self.target else ""
        return [f"{self.what} ({self.unit})", *figures, target, verdict]

    def as_record(self) -> dict[str, Any]:
        """The line as plain values."""
        target = self.target.words if self.target else None
        return {
            "what": self.what,
            "unit": self.unit,
            "subject": self.subject,
            "yardstick": self.yardstick,
            "ratio": self.ratio,
            "target": target,
            "met": self.met,
        }


@dataclass
class Report:
    """The lines of one benchmark, what is to be known about them, and every single measurement."""

    name: str
    form: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The table."""
        lines = [list(HEAD), *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        title = f"{self.name} ({self.form} form)"
        return "\n".join([title, *shown, *(f"  - {note}" for note in self.notes)])

    def write(self, folder: Path = RESULTS) -> Path:
        """The JSON file, with the machine that all was measured on."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.json"
        record = {**asdict(self), "rows": [row.as_record() for row in self.rows]}
        path.write_text(json.dumps({**record, "machine": machine()}, indent=2) + "\n")
        return path


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_mib": memory >> 20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "commit": _commit(),
        "load_at_start": os.getloadavg()[0],
    }


def _commit() -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "describe", "--always", "--dirty", "--abbrev=12"]
    found = subprocess.run(  # noqa: S603
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def _shown(figure: float | None) -> str:
    if figure is None:
        return ""
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.3g}"  # noqa: PLR2004
