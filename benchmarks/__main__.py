"""`./run.sh bench [--short] [NAME...]`: run the benchmarks, print their tables."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from benchmarks import batch, dry_run, growth, ingest, large, overload, predict, scale, start, train
from benchmarks.faults import BenchError
from benchmarks.limited import limited
from benchmarks.report import RESULTS, Report
from benchmarks.sizes import FULL, SHORT, SMOKE, Sizes
from benchmarks.tools import require

BENCHMARKS = {
    "start": start,
    "predict": predict,
    "overload": overload,
    "train": train,
    "batch": batch,
    "growth": growth,
    "dry_run": dry_run,
    "ingest": ingest,
    "large": large,
    "scale": scale,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is named, or all; the exit status is 1 where one could not be measured."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupted)
    names = asked.names or list(BENCHMARKS)
    sizes = SMOKE if asked.smoke else SHORT if asked.short else FULL
    try:
        require(tool for name in names for tool in BENCHMARKS[name].NEEDS)
        if "large" in names:
            with limited(large.MOST_MIB):
                pass  # such a limit can be had
    except BenchError as error:
        sys.exit(str(error))
    failed = [name for name in names if not _measured(BENCHMARKS[name].run, name, sizes, asked.out)]
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run.sh bench", description="Grove and its yardsticks")
    told = f"which to run: {', '.join(BENCHMARKS)}; all without one"
    parser.add_argument("names", nargs="*", metavar="NAME", type=_known, help=told)
    parser.add_argument("--short", action="store_true", help="smaller sizes: minutes, not an hour")
    parser.add_argument("--smoke", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON files")
    return parser


def _known(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"no such benchmark: {name}; {', '.join(BENCHMARKS)}")
    return name


def _measured(run: Callable[[Sizes], Report], name: str, sizes: Sizes, out: Path) -> bool:
    """Run one, print its table and write its JSON; False, with the reason said, where it fails."""
    print(f"{name} ({sizes.form} form) ...", file=sys.stderr, flush=True)
    try:
        report = run(sizes)
    except BenchError as error:
        print(f"{name}: {error}\n", file=sys.stderr, flush=True)
        return False
    path = report.write(out)
    print(f"{report.text()}\n  -> {path}\n", flush=True)
    return True


def _interrupted(number: int, _: FrameType | None) -> None:
    """End as Ctrl-C does: all that was started is ended on the way out."""
    raise KeyboardInterrupt(f"signal {number}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; all that was started has ended")
