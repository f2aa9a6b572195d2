"""Lists in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a longer list; `page` counts from 1, `total` is over all pages."""

    items: Sequence[Row]
    page: int
    page_size: int
    total: int


def page_of(session: Session, query: sa.Select[Row], page: int, page_size: int) -> Page[Row]:
    """One page of the rows that a query finds."""
    total = session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
    rows = session.scalars(query.limit(page_size).offset((page - 1) * page_size)).all()
    return Page(rows, page, page_size, total or 0)
