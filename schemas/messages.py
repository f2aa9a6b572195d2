"""What the schemas say about a wrong value: a sentence for people, a code for programs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from marshmallow.exceptions import SCHEMA

from models.errors import Fault

SHOWN = 60
MAX_FAULTS = 100


class Message(str):
    """A sentence about one value, with the stable code of what is wrong with it."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, code: str = "invalid") -> Self:
        """Make the sentence `text` with its `code`."""
        message = super().__new__(cls, text)
        message.code = code
        return message

    def format(self, *args: object, **kwargs: object) -> Message:
        """The sentence filled in; its code stays."""
        return Message(super().format(*args, **kwargs), self.code)


@dataclass(frozen=True)
class UnknownName:
    """A name that the schema does not have; the nearest one that it has is looked up when told."""

    name: str
    known: tuple[str, ...]
    read_only: bool = False

    def told(self, noun: str) -> Message:
        """The sentence, in which the name is called a `noun`: a field or a parameter."""
        name = repr(shortened(self.name))
        if self.read_only:
            return Message(f"{noun} {name} is set by the service", f"read_only_{noun}")
        return Message(f"unknown {noun} {name}{hint(self.name, self.known)}", f"unknown_{noun}")


def shortened(text: str) -> str:
    """The text in at most 60 characters."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def shown(value: Any) -> str:
    """The value received, as JSON writes it, short enough for a sentence."""
    match value:
        case str():
            return repr(shortened(value))
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case _:
            return shortened(str(value))


def hint(name: str, known: Iterable[str]) -> str:
    """'; did you mean …?' with the nearest known name, or nothing when none is near."""
    near = difflib.get_close_matches(name[: 2 * SHOWN], list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def faults_of(messages: Any, noun: str = "field") -> list[Fault]:
    """Marshmallow's nested messages as a flat list of faults, at most 100 of them."""
    return list(islice(_flat(messages, noun, ""), MAX_FAULTS))


def _flat(messages: Any, noun: str, pointer: str) -> Iterator[Fault]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, noun, pointer if key == SCHEMA else child(pointer, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, noun, pointer)
    else:
        message = messages.told(noun) if isinstance(messages, UnknownName) else messages
        yield Fault(pointer, getattr(message, "code", "invalid"), str(message))


def child(pointer: str, key: object) -> str:
    """The JSON Pointer (RFC 6901) to `key` under `pointer`."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
