"""A sheet to draw on: the same each time, readable by colour-blind eyes, in SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.pictures.names import FORMATS

# Okabe and Ito's colours (2008), without the yellow, which is too light for a line; each with a
# dash of its own, so that colour is never alone in telling lines apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
STYLE: Any = {
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=DASHES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "svg.hashsalt": "grove",
    "text.parse_math": False,  # a dollar in a name is a dollar
}
MOST_LINES = len(COLOURS)
DOTS_PER_INCH = 144
METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


@contextmanager
def sheet(folder: Path, name: str, width: float = 7, height: float = 5) -> Iterator[Axes]:
    """Axes of so many inches; what is drawn on them is kept as NAME.svg and NAME.png."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots()
        for kind in FORMATS:
            path = folder / f"{name}.{kind}"
            figure.savefig(path, dpi=DOTS_PER_INCH, metadata=METADATA[kind])


def explain(axes: Axes, text: str) -> None:
    """Say why there is nothing to be seen."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, transform=axes.transAxes)


def legend(axes: Axes) -> None:
    """A legend below the lines, where it hides none."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)


def short(text: str, most: int = 24) -> str:
    """A name that leaves room for others."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
