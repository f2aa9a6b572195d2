"""Pages of lists."""

from __future__ import annotations

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.query import QueryInteger

LAST_PAGE, LARGEST_PAGE = 10**9, 200


class PageQuery(Schema):
    """Which page of a list."""

    page = QueryInteger(minimum=1, maximum=LAST_PAGE, load_default=1)
    page_size = QueryInteger(minimum=1, maximum=LARGEST_PAGE, load_default=50)


class PagedSchema(Schema):
    """One page: `total` counts the rows on all of them."""

    page = ma.Integer(required=True)
    page_size = ma.Integer(required=True)
    total = ma.Integer(required=True)
