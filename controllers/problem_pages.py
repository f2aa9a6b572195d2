"""What a problem's `type` leads to: its title and status."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from controllers.problems import STATUSES, code_of, title
from models.errors import Invalid, Malformed, NotFound

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

HTTP_STATUSES = (405, 408, 414, 417, 429, 431, 500, 501)
KNOWN: dict[str, int] = {
    **{family.default_code: status for family, status in STATUSES.items()},
    **{code_of(status): status for status in HTTP_STATUSES},
    **dict.fromkeys(
        (
            "broken_form",
            "duplicate_key",
            "incomplete_body",
            "invalid_json",
            "not_utf8",
            "too_deep",
        ),
        STATUSES[Malformed],
    ),
    **dict.fromkeys(
        (
            "bad_length",
            "bad_pattern",
            "bad_text",
            "expected_object",
            "null",
            "out_of_range",
            "read_only_field",
            "read_only_parameter",
            "repeated_parameter",
            "required",
            "too_many_keys",
            "unknown_choice",
            "unknown_field",
            "unknown_parameter",
            "wrong_type",
        ),
        STATUSES[Invalid],
    ),
}


@blueprint.get("")
def list_problems() -> dict[str, Any]:
    """Every known code."""
    return {"problems": [_described(code) for code in sorted(KNOWN)]}


@blueprint.get("/<code>")
def show_problem(code: str) -> dict[str, Any]:
    """One code."""
    if code not in KNOWN:
        raise NotFound("there is no problem of this code")
    return _described(code)


def _described(code: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "code": code,
        "title": title(code),
        "status": KNOWN[code],
    }
