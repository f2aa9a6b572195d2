"""Strict lists and objects, which stop at the hundredth fault however long they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from schemas.fields import miscounted, refused
from schemas.messages import MAX_FAULTS
from schemas.numbers import Bounds

MAX_ITEMS = 20_000


class ListOf(ma.fields.List[Any]):
    """A JSON list of one kind of thing, of a length."""

    def __init__(
        self, inner: Any, *, min_items: int = 0, max_items: int = MAX_ITEMS, **kwargs: Any
    ) -> None:
        """Take the field of an item, the least and greatest length, and the library's options."""
        self.lengths = Bounds(minimum=min_items, maximum=max_items)
        told = {"minItems": min_items, "maxItems": max_items}
        kwargs["metadata"] = told | dict(kwargs.get("metadata") or {})
        super().__init__(inner, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise refused("wrong_type", "a list", value)
        if len(value) not in self.lengths:
            raise miscounted(f"a list{self.lengths} items long", f"{len(value)} items")
        return self._items(value, attr, data, **kwargs)

    def _items(
        self, value: list[Any], attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        items: list[Any] = []
        errors: dict[int, Any] = {}
        for index, each in enumerate(value):
            try:
                items.append(self.inner.deserialize(each, attr, data, **kwargs))
            except ma.ValidationError as error:
                errors[index] = error.messages
                if len(errors) == MAX_FAULTS:
                    break
        if errors:
            raise ma.ValidationError(errors, valid_data=items)
        return items


class AnyObject(ma.fields.Dict):
    """A JSON object whose names and values the service looks at later."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refused("wrong_type", "an object", value)
        return value
