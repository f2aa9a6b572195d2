"""Lists in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

Row = TypeVar("Row")
State = tuple[object, ...]
Columns = tuple[Any, ...]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a longer list; `page` counts from 1, `total` is over all pages."""

    items: Sequence[Row]
    page: int
    page_size: int
    total: int


def page_of(session: Session, query: sa.Select[Row], page: int, page_size: int) -> Page[Row]:
    """One page of the rows that a query finds."""
    rows = session.scalars(_on_page(query, page, page_size)).all()
    return Page(rows, page, page_size, _total(session, query))


def state_of_page(
    session: Session, query: sa.Select[Any], columns: Columns, page: int, page_size: int
) -> State:
    """What changes whenever the page does, if the columns tell one state of a row from another."""
    rows = session.execute(_on_page(query, page, page_size).with_only_columns(*columns)).all()
    return (_total(session, query), *map(tuple, rows))


def _on_page(query: sa.Select[Row], page: int, page_size: int) -> sa.Select[Row]:
    return query.limit(page_size).offset((page - 1) * page_size)


def _total(session: Session, query: sa.Select[Any]) -> int:
    counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
    return session.scalar(counted) or 0
