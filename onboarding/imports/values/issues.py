"""What was noticed about one value, in words a clinic understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Issue:
    """`code` groups issues in reports; `message` is for people and holds no value of a patient."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a cell says: a value or None, and the issues met on the way."""

    value: T | None = None
    issues: tuple[Issue, ...] = field(default=())

    @classmethod
    def failed(cls, code: str, message: str) -> Reading[T]:
        return cls(None, (Issue(code, message),))
