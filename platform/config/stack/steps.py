"""Progress for a person: `[3/9] Migrating … 4.1 s`."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Step:
    """One line of progress, and what there is to say about it."""

    title: str
    out: TextIO
    started: float = field(default_factory=time.monotonic)
    remarks: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A remark that is printed below the line once the step has ended."""
        self.remarks.append(text)

    def tick(self) -> None:
        """Show on a terminal that it goes on; elsewhere a line is written once."""
        if self.out.isatty():
            seconds = time.monotonic() - self.started
            self._write(f"\r{self.title} … {seconds:.0f} s\x1b[K")

    def begin(self) -> None:
        self._write(f"{self.title} …")

    def end(self, *, done: bool) -> None:
        if done and self.out.isatty():
            self._write(f"\r{self.title} …\x1b[K")
        took = f" {time.monotonic() - self.started:.1f} s" if done else ""
        self._write(f"{took}\n" + "".join(f"      {remark}\n" for remark in self.remarks))

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


@dataclass(slots=True)
class Steps:
    """A numbered list of steps, each timed."""

    total: int
    out: TextIO = field(default_factory=lambda: sys.stdout)
    count: int = 0
    current: Step | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        self.count += 1
        self.current = Step(f"[{self.count}/{self.total}] {title}", self.out)
        self.current.begin()
        try:
            yield self.current
        except BaseException:
            self.current.end(done=False)
            raise
        self.current.end(done=True)

    def tick(self) -> None:
        if self.current is not None:
            self.current.tick()
