"""Which backups stay: so many of the last days, weeks and months, and never the last good one not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onboarding.backups.models import Backup


@dataclass(frozen=True)
class Policy:
    """The newest good backup of each of so many days, weeks and months is kept."""

    daily: int = 14
    weekly: int = 8
    monthly: int = 12

    @property
    def longest(self) -> timedelta:
        """How long the last backup of a clinic stays once there are no new ones."""
        return timedelta(days=max(self.daily, self.weekly * 7, self.monthly * 31))


def to_delete(backups: Iterable[Backup], policy: Policy) -> list[Backup]:
    """Answer those of one clinic's (or the platform's) backups that the policy lets go, oldest first.

    A period's newest good one stays. Backups that were found damaged count for nothing and go once a
    newer good one is there. With one good backup left nothing is ever deleted.
    """
    newest_first = sorted(backups, key=lambda backup: backup.began_at, reverse=True)
    good = [backup for backup in newest_first if backup.is_good]
    if not good:
        return []
    kept = {good[0].pk}
    for number, period in (
        (policy.daily, "%Y-%m-%d"),
        (policy.weekly, "%G-%V"),
        (policy.monthly, "%Y-%m"),
    ):
        newest_of: dict[str, Backup] = {}
        for backup in good:
            newest_of.setdefault(backup.began_at.strftime(period), backup)
        kept.update(backup.pk for backup in list(newest_of.values())[:number])
    older = [backup for backup in newest_first if backup.began_at < good[0].began_at]
    return [backup for backup in reversed(older) if backup.pk not in kept]
