"""The schema that every request and response body is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from schemas.messages import Message, UnknownName

UNKNOWN = "unknown"
REQUIRED = Message("is required", "required")
NULL = Message("must not be null", "null")
SCHEMA_MESSAGES = {
    "type": Message("an object is expected", "expected_object"),
    "unknown": UNKNOWN,
}
EXPECTED: dict[type[ma.fields.Field[Any]], Message] = {
    ma.fields.List: Message("a list is expected", "wrong_type"),
    ma.fields.Tuple: Message("a list is expected", "wrong_type"),
    ma.fields.Mapping: Message("an object is expected", "wrong_type"),
    ma.fields.Nested: Message("an object is expected", "wrong_type"),
    ma.fields.String: Message("a string is expected", "wrong_type"),
    ma.fields.Number: Message("a number is expected", "wrong_type"),
    ma.fields.Boolean: Message("true or false is expected", "wrong_type"),
    ma.fields.Field: Message("the value is not as expected", "invalid"),
}


class Schema(ma.Schema):
    """A schema that refuses what it does not know, in the service's own words."""

    error_messages = SCHEMA_MESSAGES

    class Meta(ma.Schema.Meta):
        """Nothing that is sent is dropped in silence."""

        unknown = ma.RAISE

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        """Give fields of the library, and those inside of them, the service's messages."""
        expected = next(EXPECTED[cls] for cls in type(field_obj).__mro__ if cls in EXPECTED)
        messages = {"required": REQUIRED, "null": NULL}
        field_obj.error_messages = {
            key: text if isinstance(text, Message) else messages.get(key, expected)
            for key, text in field_obj.error_messages.items()
        }
        for name in ("inner", "key_field", "value_field"):
            if inner := getattr(field_obj, name, None):
                self.on_bind_field(field_name, inner)

    def handle_error(
        self, error: ma.ValidationError, data: Any, *, many: bool, **kwargs: Any
    ) -> None:
        """Say for every unknown name which ones are known."""
        if not many:
            error.messages = self._told(error.messages, data)
        elif isinstance(error.messages, dict) and isinstance(data, list):
            error.messages = {
                key: self._told(messages, data[key]) if isinstance(key, int) else messages
                for key, messages in error.messages.items()
            }

    def _told(self, messages: Any, data: Any) -> Any:
        """Known fields in the schema's order, then the unknown ones in the order they came."""
        if not isinstance(messages, dict) or not isinstance(data, Mapping):
            return messages
        known = tuple(field.data_key or name for name, field in self.load_fields.items())
        given = (key for key in data if messages.get(key) == [UNKNOWN])
        unknown = {key: [self._unknown(key, known)] for key in given}
        return {key: text for key, text in messages.items() if key not in unknown} | unknown

    def _unknown(self, name: str, known: tuple[str, ...]) -> UnknownName:
        return UnknownName(name, known, read_only=name in self.dump_fields)
