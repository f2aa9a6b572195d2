"""The quick parser of JSON is only trusted where it must agree with the exact one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from controllers import strict_json
from models.errors import GroveError

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)
PIECES = r"""{"a":1 "a": , } { [ ] "b" "\u0000" "\ud800" 1e999 NaN 9999999999999999999 0.1 \ " :
{"a":{"a":"b"}} {"a":"c","a":"d"} -0"""
pieces = st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=8).map("".join)


def outcome(parse: Any, body: bytes) -> Any:
    """What came of it, with types: 1, 1.0 and true are not the same."""
    try:
        return repr(parse(body))
    except GroveError as error:
        return error.code, error.detail


def agree(body: bytes) -> None:
    assert outcome(strict_json.loads, body) == outcome(strict_json._exactly, body)


@given(plain, st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_value(value: Any, escaped: bool) -> None:
    agree(json.dumps(value, ensure_ascii=escaped).encode())


@given(pieces)
@settings(deadline=None, max_examples=500)
@example('{"a":"c","a":"d"}')
@example('{"a":1,"a":1}')
@example('{"a":[{"b":1,"b":2}]}')
@example('{"\\"":1,"\\"":2}')
@example('{"a":9223372036854775808}')
def test_any_text(text: str) -> None:
    agree(text.encode())


@given(st.binary(max_size=12))
@settings(deadline=None)
def test_any_bytes(body: bytes) -> None:
    agree(body)


def test_depth_and_width() -> None:
    for depth in (1, 62, 63, 64, 65, 66, 1023, 1025):
        agree(b"[" * depth + b"]" * depth)
        agree(b'{"a":' * depth + b"1" + b"}" * depth)
    for width in (strict_json.MAX_KEYS, strict_json.MAX_KEYS + 1):
        agree(json.dumps({"a": {str(at): at for at in range(width)}}).encode())


def test_a_plain_body_takes_the_quick_way() -> None:
    body = b'{"rows":[{"a":1,"b":"x","c":null}],"strict":true}'
    assert strict_json._is_plain(body, json.loads(body))
