"""Files that are no CSV, told by their first bytes; nothing is ever unpacked or loaded."""

from __future__ import annotations

import re
from pathlib import Path

from models.errors import Fault, Unsupported, invalid
from services.reading.encoding import looks_like_utf16, not_utf16

_HEAD_BYTES = 4096

_COMPRESSED = {
    "zip or XLSX": b"PK(\x03\x04|\x05\x06|\x07\x08)",
    "gzip": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\x00",
    "zstandard": b"[\x22-\x28]\xb5\x2f\xfd",
    "bzip2": rb"BZh[1-9](1AY&SY|\x17rE8P\x90)",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "lz4": b"\x04\x22\x4d\x18",
    "rar": b"Rar!\x1a\x07",
}

_OTHERS = {
    "a PDF": rb"%PDF-",
    "a PNG picture": rb"\x89PNG\r\n\x1a\n",
    "a JPEG picture": rb"\xff\xd8\xff",
    "a GIF picture": rb"GIF8[79]a",
    "an HTML or XML page": rb"(?i)\s*<(!doctype\s|html[\s>]|head[\s>]|body[\s>]|\?xml\s)",
    "a pickle": rb"\x80[\x02-\x05]",
    "a Parquet file": rb"PAR1",
    "an Arrow or Feather file": rb"ARROW1|FEA1",
    "an SQLite database": rb"SQLite format 3\x00",
    "an HDF5 file": rb"\x89HDF\r\n",
    "an old Excel or Office file": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a NumPy file": rb"\x93NUMPY",
    "a program": rb"\x7fELF",
}


def refuse_other_formats(path: Path, *, encoding_given: bool) -> None:
    """Look at the file's first 4 KiB.

    Raises Unsupported compressed_upload, Invalid not_csv, or, where no encoding was given and
    the file is UTF-16 or UTF-32, Invalid encoding_not_utf8.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    _refuse_compressed(head)
    _refuse_others(head.removeprefix(b"\xef\xbb\xbf"))
    if not encoding_given and looks_like_utf16(head):
        raise not_utf16()


def _kind(head: bytes, table: dict[str, bytes]) -> str | None:
    return next((kind for kind, start in table.items() if re.match(start, head, re.DOTALL)), None)


def _refuse_compressed(head: bytes) -> None:
    kind = _kind(head, _COMPRESSED)
    if kind:
        message = f"The file is compressed ({kind}); send the CSV itself, unpacked."
        fault = Fault("", "compressed_upload", message)
        raise Unsupported(message, code=fault.code, faults=[fault])


def _refuse_others(head: bytes) -> None:
    kind = _kind(head, _OTHERS)
    if kind:
        raise invalid("not_csv", f"The file is {kind}, not a CSV.")
