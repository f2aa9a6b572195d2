"""JSON as RFC 8259 has it and no wider, read from bytes; each refusal has its own code."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn

import orjson

from models.errors import Fault, Invalid, Malformed, invalid
from schemas.messages import MAX_FAULTS, child, shortened

MAX_DEPTH = 64
MAX_KEYS = 20_000  # twice the columns that a dataset may have
BAD_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
BAD_CHARACTER = re.compile("[\x00\ud800-\udfff]")
DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
HOLDERS = frozenset({dict, list})
TOO_FEW = -(2**62)
LONG_NUMBER = b"0" * 19  # nearer to 2**63 than a float can tell


def malformed(code: str, message: str) -> Malformed:
    """A Malformed with one fault, on the body as a whole."""
    return Malformed(message, code=code, faults=[Fault("", code, message)])


def loads(body: bytes) -> Any:
    """The value that the body holds.

    Malformed for anything that is not UTF-8, not JSON, nested deeper than 64 levels, or has a key
    twice in one object; Invalid where an object has more than 20,000 keys, or a string holds NUL or
    half of a surrogate pair.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:  # what is wrong with it, the other parser says better
        return _exactly(body)
    return data if _is_plain(body, data) else _exactly(body)


def _is_plain(body: bytes, data: Any) -> bool:
    """Whether orjson can have lost or bent nothing of what is checked here.

    It keeps the last of two equal keys, takes an escaped NUL, any depth up to 1,024 and an integer
    of any length, as a float. A body without a backslash has two quotes for each key and each text:
    where the value has as many of them as the body, no key came twice.
    """
    if b"\\" in body or LONG_NUMBER in body.translate(DIGITS):
        return False
    return 2 * _count_texts(data, 0) == body.count(b'"')


def _count_texts(value: Any, depth: int) -> int:
    """How many keys and texts a value holds; far too few where it is too deep or too wide."""
    if type(value) not in HOLDERS:
        return type(value) is str
    keys, values = (len(value), value.values()) if type(value) is dict else (0, value)
    if keys > MAX_KEYS:
        return TOO_FEW
    kinds = set(map(type, values))
    count = keys + (sum(type(each) is str for each in values) if str in kinds else 0)
    if kinds.isdisjoint(HOLDERS):
        return count
    if depth + 1 >= MAX_DEPTH:
        return TOO_FEW
    for each in values:
        if type(each) in HOLDERS:
            count += _count_texts(each, depth + 1)
    return count


def _exactly(body: bytes) -> Any:
    """As `loads`, slowly: by a parser that can be told what to refuse."""
    text = _decoded(body)
    data = _parsed(text)
    if _is_too_deep(data):
        raise _too_deep()
    if BAD_ESCAPE.search(text):
        refuse_bad_text(data)
    return data


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed("not_utf8", f"byte {error.start} of the body is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise malformed("not_utf8", "the body begins with a byte order mark")
    return text


def _parsed(text: str) -> Any:
    if not text.strip():
        raise malformed("invalid_json", "the body is empty; JSON is expected")
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise malformed("invalid_json", f"the body is not JSON: see {where}") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise malformed("invalid_json", "the body holds a number of too many digits") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        message = f"an object has at most {MAX_KEYS} keys, here one has {len(pairs)}"
        raise invalid("too_many_keys", message)
    data = dict(pairs)
    if len(data) == len(pairs):
        return data
    twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
    message = f"the key {shortened(twice)!r} comes twice in one object"
    raise malformed("duplicate_key", message)


def _no_constant(word: str) -> NoReturn:
    raise malformed("invalid_json", f"{word} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise malformed("invalid_json", f"the number {shortened(digits)} is too large")
    return number


def _is_too_deep(data: Any) -> bool:
    """Whether there are more than 64 levels, gone through one by one, without recursion."""
    level = [data] if isinstance(data, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [each for holder in level for each in _values(holder) if _holds(each)]
    return bool(level)


def _too_deep() -> Malformed:
    return malformed("too_deep", f"the body is nested deeper than {MAX_DEPTH} levels")


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _values(holder: Any) -> Iterable[Any]:
    return holder.values() if isinstance(holder, dict) else holder


def _items(holder: Any) -> Iterator[tuple[Any, Any]]:
    return iter(holder.items() if isinstance(holder, dict) else enumerate(holder))


def refuse_bad_text(data: Any) -> None:
    """Invalid where a string or a key holds NUL or half of a surrogate pair."""
    faults = list(islice(_bad_texts(data, ""), MAX_FAULTS))
    if faults:
        raise Invalid(faults[0].message, code="bad_text", faults=faults)


def _bad_texts(value: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(value, str) and BAD_CHARACTER.search(value):
        yield Fault(pointer, "bad_text", "text must not hold NUL or half of a surrogate pair")
    elif _holds(value):
        for key, each in _items(value):
            if isinstance(key, str) and BAD_CHARACTER.search(key):
                yield Fault(pointer, "bad_text", "a key must not hold NUL or half a surrogate pair")
            else:
                yield from _bad_texts(each, child(pointer, key))
