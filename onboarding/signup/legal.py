"""The texts an owner agrees to. A version once shown stays readable under its own address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Version:
    """One wording; `template` stands under templates/signup/legal/."""

    name: str
    since: date

    @property
    def words(self) -> str:
        return f"{self.since.day} {self.since:%B %Y}"


@dataclass(frozen=True)
class LegalText:
    slug: str
    title: str
    about: str
    versions: tuple[Version, ...]
    """The newest first."""

    @property
    def current(self) -> Version:
        return self.versions[0]

    def version(self, name: str) -> Version | None:
        return next((version for version in self.versions if version.name == name), None)

    def template(self, version: Version) -> str:
        return f"signup/legal/{self.slug}-{version.name}.html"


TERMS = LegalText(
    "terms",
    "Terms of service",
    "What you get, what it costs, and how either of us can end it.",
    (Version("2026-11", date(2026, 11, 1)),),
)
AGREEMENT = LegalText(
    "data-processing",
    "Data-processing agreement",
    "Your patients’ records are yours. What we may do with them, and what we may not.",
    (Version("2026-11", date(2026, 11, 1)),),
)
