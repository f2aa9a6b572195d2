"""What can go wrong, in the product's own words; controllers give each family its status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    `pointer` is a JSON Pointer (RFC 6901) into the input, `code` a stable word for programs,
    `message` a sentence for people: the value received, what was expected, the nearest known name.
    """

    pointer: str
    code: str
    message: str


class GroveError(Exception):
    """The family: a stable code, a sentence on this occurrence, and every single fault."""

    default_code: ClassVar[str] = "error"

    def __init__(
        self, detail: str, *, code: str | None = None, faults: Iterable[Fault] = (), **about: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.faults = list(faults)
        self.about = about

    def as_record(self) -> dict[str, Any]:
        """The error as plain values, to be kept in a job's row."""
        return {
            "kind": type(self).__name__,
            "code": self.code,
            "detail": self.detail,
            "errors": [asdict(fault) for fault in self.faults],
            **self.about,
        }


class Malformed(GroveError):
    """The input breaks the syntax of its format."""

    default_code = "malformed"


class Unauthorized(GroveError):
    """Nobody whom the service knows is asking."""

    default_code = "unauthorized"


class Forbidden(GroveError):
    """The one who asks may not do this."""

    default_code = "forbidden"


class NotFound(GroveError):
    """There is no such thing."""

    default_code = "not_found"


class NotAcceptable(GroveError):
    """The answer exists in none of the formats asked for."""

    default_code = "not_acceptable"


class Conflict(GroveError):
    """The thing is in a state that does not allow this."""

    default_code = "conflict"


class PreconditionFailed(GroveError):
    """The thing has changed since the client read it."""

    default_code = "precondition_failed"


class TooLarge(GroveError):
    """The input is over a limit of size."""

    default_code = "too_large"


class Unsupported(GroveError):
    """The input is in a format that the service does not read."""

    default_code = "unsupported_media_type"


class Invalid(GroveError):
    """The input is well formed and wrong."""

    default_code = "invalid"


class TooMany(GroveError):
    """This client asks too often."""

    default_code = "too_many_requests"


class Busy(GroveError):
    """The service cannot do this now; later it may."""

    default_code = "busy"


class StorageFull(GroveError):
    """There is no room left to keep files."""

    default_code = "disk_full"


class Failed(GroveError):
    """A job went wrong through no fault of its input."""

    default_code = "failed"


def invalid(code: str, message: str, pointer: str = "") -> Invalid:
    """An Invalid with one fault."""
    return Invalid(message, code=code, faults=[Fault(pointer, code, message)])
