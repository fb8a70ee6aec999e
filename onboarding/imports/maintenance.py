"""What everybody in the clinic is told while an import loads, and what has to wait meanwhile.

The answer is kept in the cache under the clinic's own key, so that a page costs one look-up there and
no query. Where the cache has lost it, the run itself is asked.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import redis
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.permissions import Action, Resource
from onboarding.imports.models import ImportRun
from tenants.scope import NoTenantError, active_scope, current_scope, tenant_scope
from ui.banners import Banner
from ui.errors import Explanation, error_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)
State = ImportRun.State
KEY = "imports:notice"
WORKING_SECONDS = 3
"""How old the figures of a banner may be."""
IDLE_SECONDS = 60
"""How long “nothing is at work” is believed; a step that begins overwrites it at once."""
SHOWN: frozenset[str] = frozenset({State.LOADING, State.FILING, State.MENDING, State.UNDOING})
_ENTERED = frozenset({Action.CREATE, Action.CHANGE, Action.DELETE})
_LEFT_OPEN = frozenset({Resource.ACCOUNT, Resource.STAFF, Resource.IMPORTS, Resource.AUDIT})

WAIT = Explanation(
    "Please wait a moment: data is being imported",
    "A full re-import is replacing this clinic's records, so nothing can be entered or changed "
    "until it has ended. What you just sent was not saved.",
    "You can go on reading. Go back and send it again in a minute; what you typed may still be "
    "there.",
    "database-import",
)


def notice_of_clinic() -> dict[str, Any] | None:
    """Answer what is at work in the clinic in scope, for the banner; None where nothing is."""
    try:
        known = cache.get(KEY)
    except redis.RedisError:
        known = None
    if known is None:
        known = _ask()
        _remember(known, WORKING_SECONDS if known else IDLE_SECONDS)
    return known or None


def _ask() -> dict[str, Any]:
    run = (
        ImportRun.objects.filter(state__in=SHOWN)
        .select_related("progress")
        .only("state", "mode", "progress")
        .first()
    )
    return words_of(run, now=datetime.now(UTC)) if run is not None else {}


def words_of(run: ImportRun, *, now: datetime) -> dict[str, Any]:
    """Answer what the banner says of a run: since when, how long still, whether writing must wait."""
    progress = getattr(run, "progress", None)
    began = getattr(progress, "started_at", None)
    left = time_left(progress, now=now)
    return {
        "undoing": run.state == State.UNDOING,
        "since": began.isoformat() if began else "",
        "left": left,
        "closed": closes(run),
    }


def closes(run: ImportRun) -> bool:
    """True while nobody may write: a full re-import, or its undoing, exchanges the records."""
    return run.mode == ImportRun.Mode.REPLACE and run.state in {State.LOADING, State.UNDOING}


def time_left(progress: Any, *, now: datetime) -> int | None:
    """Answer the seconds that are left at the pace so far; None where nothing can be said yet."""
    if progress is None or not progress.started_at or not progress.all_done:
        return None
    if progress.all_done >= progress.all_total:
        return None
    spent: float = (now - progress.started_at) / timedelta(seconds=1)
    if spent < 1:
        return None
    left: float = spent / progress.all_done * (progress.all_total - progress.all_done)
    return max(1, round(left))


def tell_all() -> None:
    """Let the pages of the clinic in scope ask anew once the running transaction is kept."""
    scope = current_scope()
    transaction.on_commit(partial(_forget, scope), using=scope.alias, robust=True)


def _forget(scope: Any) -> None:
    if active_scope() is not None and current_scope().tenant_id == scope.tenant_id:
        _drop()
        return
    with tenant_scope(scope):
        _drop()


def _drop() -> None:
    try:
        cache.delete(KEY)
    except redis.RedisError as error:
        log.warning("the notice could not be taken out of the cache: %s", type(error).__name__)


def _remember(known: dict[str, Any], seconds: int) -> None:
    try:
        cache.set(KEY, known, seconds)
    except redis.RedisError as error:
        log.warning("the notice could not be kept in the cache: %s", type(error).__name__)


class MaintenanceMiddleware:
    """Refuses, in words, what cannot be entered while a full re-import is at work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Let reading pass; the answer to anything else says when to try again."""
        if request.method in {"GET", "HEAD", "OPTIONS"} or not _enters_records(view):
            return None
        scope = active_scope()
        if scope is None or not scope.is_clinic:
            return None
        notice = notice_of_clinic()
        if notice is None or not notice["closed"]:
            return None
        return error_response(request, 503, explanation=WAIT, retry_after=notice["left"] or 30)


def _enters_records(view: Any) -> bool:
    permission = getattr(view, "permission", None) or getattr(
        getattr(view, "view_class", None), "permission", None
    )
    if permission is None:
        return False
    action, resource = permission
    return action in _ENTERED and resource not in _LEFT_OPEN


def banner(request: HttpRequest) -> Banner | None:  # noqa: ARG001 - a provider's signature
    """Answer the line above every page while records are being brought in or taken back."""
    try:
        notice = notice_of_clinic()
    except NoTenantError:
        return None  # a page of no clinic, or one that says that something went wrong
    if notice is None:
        return None
    what = "An import is being undone" if notice["undoing"] else "Data is being imported"
    since = _clock(notice["since"])
    left = _left(notice["left"])
    title = " ".join(filter(None, [what, f"since {since}" if since else ""]))
    rest = (
        "You can go on reading; nothing can be entered or changed until it has ended."
        if notice["closed"]
        else "You can go on working."
    )
    return Banner(
        title=f"{title}{left}.",
        text=rest,
        url=reverse("data:notice"),
        icon="database-import",
        tone="warning" if notice["closed"] else "info",
    )


def _clock(moment: str) -> str:
    if not moment:
        return ""
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%H:%M}"


def _left(seconds: int | None) -> str:
    if seconds is None:
        return ""
    words = f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"  # noqa: PLR2004
    return f", about {words} left"
