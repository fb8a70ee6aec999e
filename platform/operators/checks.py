"""What the nightly self-check has found, as the console shows it."""

from __future__ import annotations

from typing import Any

from onboarding.backups import selectors as backups
from onboarding.backups.models import SelfCheck

TONES = {
    SelfCheck.Result.GREEN: "success",
    SelfCheck.Result.AMBER: "warning",
    SelfCheck.Result.RED: "danger",
}
PAGE = 200


def page(*, show: str = "") -> dict[str, Any]:
    """Answer the newest look at each thing; `show` is a result, empty is what is not green."""
    found = backups.latest_selfchecks()
    counts = {result: sum(one.result == result for one in found) for result in SelfCheck.Result}
    wanted = [one for one in found if (one.result == show if show else one.result != "green")]
    return {
        "checks": [(one, TONES[SelfCheck.Result(one.result)]) for one in wanted[:PAGE]],
        "left_out": max(0, len(wanted) - PAGE),
        "counts": [
            (result, result.label, counts[result], TONES[result]) for result in SelfCheck.Result
        ],
        "show": show,
        "last_at": max((one.at for one in found), default=None),
        "drill": backups.last_drill(),
        "backup": backups.last_backups().get(None),
    }
