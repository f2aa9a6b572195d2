"""The range of a number: its test, its words and its OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass, fields

OPENAPI = {
    "minimum": "minimum",
    "above": "exclusiveMinimum",
    "maximum": "maximum",
    "below": "exclusiveMaximum",
}
WORDS = {"minimum": "of at least", "above": "over", "maximum": "of at most", "below": "under"}


@dataclass(frozen=True)
class Bounds:
    """Ends of a range; `above` and `below` do not belong to it themselves."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        """Whether the number is in the range."""
        return not (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )

    def __str__(self) -> str:
        """The range in words, with a blank before them, or nothing."""
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum} to {self.maximum}"
        return " and".join(f" {WORDS[end]} {value}" for end, value in self._given().items())

    def openapi(self) -> dict[str, float]:
        """The range as OpenAPI writes it."""
        return {OPENAPI[end]: value for end, value in self._given().items()}

    def _given(self) -> dict[str, float]:
        ends = {end.name: getattr(self, end.name) for end in fields(self)}
        return {name: value for name, value in ends.items() if value is not None}
