"""What an evaluation says beside its scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Reasons for scores that are not defined, by score, and warnings {code, message}."""

    undefined: dict[str, str] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        """Add a warning."""
        self.warnings.append({"code": code, "message": message})

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"undefined": self.undefined, "warnings": self.warnings}
