"""The same, led by what code a table reaches, where atheris is installed (it need not be).

python -m tests.fuzz.guided -max_total_time=600: libFuzzer's own options. It does not stop at what
it finds, and sums up now and then: libFuzzer leaves no room for that at the end.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["services.reading"]):
    from services.reading import Limits, Reading

from tests.fuzz.cases import BITES, BLOCKS, CODECS, MARKERS, Case
from tests.fuzz.csv import Found
from tests.fuzz.reference import DELIMITERS

CHOICES = 5
OFTEN = 10_000


def case_of(data: bytes) -> Case:
    """The case that some bytes stand for: a few for the options, the others the file."""
    options, content = data[:CHOICES].ljust(CHOICES, b"\0"), data[CHOICES:]
    delimiter, codec, header, markers, block = options
    reading = Reading(
        delimiter=(None, *DELIMITERS)[delimiter % 5],
        encoding=(*(None,) * len(CODECS), *CODECS)[codec % (2 * len(CODECS))],
        header=(None, True, False)[header % 3],
        missing_values=(*(None,) * len(MARKERS), *MARKERS)[markers % (2 * len(MARKERS))],
    )
    return Case(content, reading, Limits(block_bytes=BLOCKS[block % len(BLOCKS)]))


def main() -> None:
    """Run libFuzzer, which ends the process when it is done."""
    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        path, words = Path(folder) / "case.csv", Path(folder) / "words"
        words.write_text("".join(_word(bite) for bite in BITES))

        def one(data: bytes) -> None:
            found.take("guided", case_of(data), path)
            if found.runs % OFTEN == 0:
                print(found.summary(), flush=True)

        atheris.Setup([*sys.argv, f"-dict={words}", "-timeout=60"], one)
        atheris.Fuzz()


def _word(bite: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in bite) + '"\n'


if __name__ == "__main__":
    main()
