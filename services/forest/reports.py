"""A list of what is to be told about an input that stays short however bad the input is."""

from __future__ import annotations

from dataclasses import asdict

from models.errors import Fault

MOST = 100


class Report:
    """Faults or warnings: the first 100 one by one, the others as a count."""

    def __init__(self, noun: str, most: int = MOST) -> None:
        """Begin empty; `noun` is what the entries are called when they are counted."""
        self.noun, self.most, self.more = noun, most, 0
        self._told: list[Fault] = []

    @property
    def full(self) -> bool:
        """Whether further entries are only counted."""
        return len(self._told) >= self.most

    @property
    def count(self) -> int:
        """How many entries there were."""
        return len(self._told) + self.more

    def add(self, pointer: str, code: str, message: str) -> None:
        """Tell one thing more."""
        if self.full:
            self.more += 1
        else:
            self._told.append(Fault(pointer, code, message))

    def as_faults(self) -> list[Fault]:
        """The entries; a last one says how many are left out."""
        if not self.more:
            return self._told
        message = f"{self.more:,} more {self.noun} are not listed"
        return [*self._told, Fault("/rows", f"more_{self.noun}", message)]

    def as_records(self) -> list[dict[str, str]]:
        """The entries as plain values."""
        return [asdict(fault) for fault in self.as_faults()]
