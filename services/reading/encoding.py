"""Which encodings a file may be in, and what a file in no allowed one is told."""

from __future__ import annotations

import difflib
from encodings import normalize_encoding
from encodings.aliases import aliases

from models.errors import Invalid, invalid

# Python's own names of its text codecs. The list is closed, so that no name a client sends is
# ever looked up as a module.
ALLOWED = frozenset(
    {"ascii", "utf_8", "utf_8_sig", "utf_16", "utf_16_le", "utf_16_be"}
    | {"utf_32", "utf_32_le", "utf_32_be", "latin_1", "mac_roman", "koi8_r", "koi8_u"}
    | {f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))}
    | {f"cp{page}" for page in range(1250, 1259)}
    | {"cp437", "cp850", "cp852", "cp866", "cp874", "cp932", "cp949", "cp950"}
    | {"shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5"}
)

_SPELLINGS = {"iso8859_1": "latin_1", "iso_8859_1": "latin_1", "utf8": "utf_8"}

# UTF-16 and UTF-32 put a NUL beside nearly every character of Western text.
_MANY_NULS = 0.3


def codec_of(asked: str | None) -> str:
    """Python's name of the codec asked for (UTF-8 for None); raises Invalid unknown_encoding."""
    if asked is None:
        return "utf_8"
    plain = _plain(asked)
    codec = _SPELLINGS.get(aliases.get(plain, plain), aliases.get(plain, plain))
    if codec not in ALLOWED:
        raise _unknown(asked, plain)
    return "utf_8" if codec == "utf_8_sig" else codec


def _plain(asked: str) -> str:
    short = asked.strip()[:40].lower()
    name = normalize_encoding(short) if short.isascii() else ""
    # "iso8859-15" and "iso-8859-15" are both in use; Python's table of aliases has the latter.
    return name.replace("iso_8859", "iso8859")


def _unknown(asked: str, plain: str) -> Invalid:
    near = difflib.get_close_matches(plain, ALLOWED, n=1)
    hint = f" Did you mean {near[0].replace('_', '-')}?" if near else ""
    message = f"The encoding {asked[:40]!r} is not one that the service reads.{hint}"
    return invalid("unknown_encoding", message, "/encoding")


def looks_like_utf16(head: bytes) -> bool:
    """Whether the first bytes of a file are those of UTF-16 or UTF-32, with a BOM or without."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    even, odd = head[0::2], head[1::2]
    nuls = sorted((even.count(0) / max(1, len(even)), odd.count(0) / max(1, len(odd))))
    # Nearly every NUL in one half is UTF-16; many in both halves is UTF-32.
    return nuls[1] > _MANY_NULS and (nuls[0] == 0 or nuls[0] > _MANY_NULS)


def not_utf16() -> Invalid:
    """The refusal of a file that is UTF-16 or UTF-32, with no encoding given."""
    return invalid(
        "encoding_not_utf8",
        "The file is UTF-16 or UTF-32 from byte 0 on; UTF-8 is expected. Save it as UTF-8, or "
        "give its encoding, as in encoding=utf-16.",
    )


def undecodable(codec: str, offset: int, byte: int) -> Invalid:
    """The refusal of a file with a byte, at `offset` from its start, that the codec lacks."""
    where = f"Byte 0x{byte:02x} at offset {offset}"
    if codec == "utf_8":
        message = f"{where} is not UTF-8. Save the file as UTF-8, or give its encoding (cp1252?)."
        return invalid("encoding_not_utf8", message)
    message = f"{where} is no character of {codec.replace('_', '-')}, the encoding given."
    return invalid("encoding_wrong", message, "/encoding")


def without_mark(codec: str) -> Invalid:
    """The refusal of a file that does not say in which order its bytes are."""
    name = codec.replace("_", "-")
    message = f"The file does not begin with the mark of {name}; give {name}-le or {name}-be."
    return invalid("encoding_wrong", message, "/encoding")
