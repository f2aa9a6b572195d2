"""The Idempotency-Key of a request: sent again with the same body, the same work comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import request

from models.errors import invalid
from services.repeats import Repeat

MOST = 255
CALLER = "grove.caller"  # in the environment of WSGI: the hash of the key that the request showed


def repeat_of(asked: Mapping[str, Any]) -> Repeat | None:
    """What tells this request, which asks for these JSON values, from others; None without a key.

    Keys of other callers and for other addresses are others. Raises Invalid for what is no key.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MOST:
        message = f"expected an Idempotency-Key of 1 to {MOST} characters, got {len(key)}"
        raise invalid("bad_idempotency_key", message)
    place = f"{request.environ.get(CALLER, '')}\n{request.method} {request.path}\n{key}"
    return Repeat.of(hashlib.sha256(place.encode()).hexdigest(), asked)
