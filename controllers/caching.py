"""Answers that are read often and change rarely, kept by the state of the rows behind them.

A read first asks the database for that state, a few short columns, and makes the answer only where
it has none of that state: so an answer is right after every write, whichever process wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Response, make_response, request
from flask_caching import Cache

View = TypeVar("View", bound=Callable[..., Any])
Kept = tuple[bytes, str]  # body, ETag
MOST_ANSWERS = 256
MOST_BYTES = 128 * 1024  # of one answer: 32 MiB in a process at the most
SECONDS = 3600

cache = Cache()


def register(app: Flask) -> None:
    """Give `app` a cache of its own, in the memory of each process."""
    settings = {
        "CACHE_TYPE": "SimpleCache",
        "CACHE_THRESHOLD": MOST_ANSWERS,
        "CACHE_DEFAULT_TIMEOUT": SECONDS,
    }
    cache.init_app(app, config=settings)


def remembered(state: Callable[..., object]) -> Callable[[View], View]:
    """Answer from the cache while `state`, called as the view is, says the same; with an ETag.

    The state is asked for before the answer is made: what changes in between is at worst kept
    under a state that does not come back.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            key = f"{view.__module__}.{view.__name__} {args} {kwargs} {state(*args, **kwargs)}"
            kept = cache.get(key)
            response = _again(kept) if kept else _kept(key, make_response(view(*args, **kwargs)))
            return cast(Response, response.make_conditional(request))

        # What is documented of a view belongs to that view alone.
        answer._apidoc = deepcopy(getattr(view, "_apidoc", {})) | {"etag": True}  # type: ignore[attr-defined]
        return cast(View, answer)

    return decorate


def _again(kept: Kept) -> Response:
    body, etag = kept
    response = Response(body, mimetype="application/json")
    response.set_etag(etag)
    return response


def _kept(key: str, response: Response) -> Response:
    response.add_etag()
    body, (etag, _) = response.get_data(), response.get_etag()
    if len(body) <= MOST_BYTES:
        cache.set(key, (body, etag))
    return response
