"""Progress for a person: `[3/9] Migrating the databases … 4.1 s`."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET_SECONDS = 5.0  # between progress lines where there is no terminal to overwrite


@dataclass(slots=True)
class Step:
    """One line of progress."""

    title: str
    out: TextIO
    started: float = field(default_factory=time.monotonic)
    shown: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """A line of its own, below the step's title."""
        self.out.write(f"\n      {text}")
        self.out.flush()

    def progress(self, text: str) -> None:
        """How far it is; overwritten on a terminal, else shown every few seconds."""
        if self.out.isatty():
            self.out.write(f"\r{self.title} … {text}\x1b[K")
        elif time.monotonic() - self.shown < QUIET_SECONDS:
            return
        else:
            self.out.write(f" {text} …")
        self.shown = time.monotonic()
        self.out.flush()


@dataclass(slots=True)
class Steps:
    """A numbered list of steps, each timed."""

    total: int
    out: TextIO = field(default_factory=lambda: sys.stdout)
    done: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        self.done += 1
        line = Step(f"[{self.done}/{self.total}] {title}", self.out)
        self.out.write(f"{line.title} …")
        self.out.flush()
        try:
            yield line
        except BaseException:
            self.out.write("\n")
            self.out.flush()
            raise
        self.out.write(f" {time.monotonic() - line.started:.1f} s\n")
        self.out.flush()
