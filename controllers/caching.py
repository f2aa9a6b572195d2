"""Answers that are read often and change rarely, kept by the state of the rows behind them.

A read first asks the database for that state, a few short columns, and makes the answer only where
it has none of that state: so an answer is right after every write, whichever process wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Response, make_response
from flask_caching import Cache

from controllers.conditional import conditional

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

    A state of None is that of a thing that is not there. An answer is kept only where the state
    is the same before and after it was made: else it may be one of the state in between.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            before = state(*args, **kwargs)
            key = f"{view.__module__}.{view.__name__} {args} {kwargs} {before}"
            kept: Kept | None = cache.get(key)
            if kept is not None:
                return _again(kept)
            response = make_response(view(*args, **kwargs))
            if before is not None and state(*args, **kwargs) == before:
                _keep(key, response)
            return response

        return conditional(cast(View, answer))

    return decorate


def _again(kept: Kept) -> Response:
    body, etag = kept
    response = Response(body, mimetype="application/json")
    response.set_etag(etag)
    return response


def _keep(key: str, response: Response) -> None:
    response.add_etag()
    body, (etag, _) = response.get_data(), response.get_etag()
    if len(body) <= MOST_BYTES:
        cache.set(key, (body, etag))
