"""Reads that a client need not be sent again (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, make_response, request

View = TypeVar("View", bound=Callable[..., Any])


def conditional(view: View) -> View:
    """Give an answer an ETag, unless it has one; 304 where the client holds that answer."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        response = make_response(view(*args, **kwargs))
        response.add_etag()
        response.make_conditional(request)
        return response

    # What is documented of a view belongs to that view alone.
    answer._apidoc = deepcopy(getattr(view, "_apidoc", {})) | {"etag": True}  # type: ignore[attr-defined]
    return cast(View, answer)
