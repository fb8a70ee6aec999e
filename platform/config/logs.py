"""Log lines and error reports: one JSON object a line, with the clinic's id and never a person's data.

What a line may carry is an allow-list. Of an exception it carries where and which, not what it says:
a database error quotes the row it stumbled over, a ValueError the value. Error reports carry no local
variables, bodies, cookies or query strings either.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import structlog

from tenants.scope import active_scope

if TYPE_CHECKING:
    from collections.abc import MutableMapping

ALLOWED = frozenset(
    {
        "event",
        "level",
        "logger",
        "timestamp",
        "tenant",
        "request_id",
        "exception",
        "task",
        "duration_ms",
        "status",
        "method",
    }
)


def _scope(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    scope = active_scope()
    line["tenant"] = scope.tenant_id if scope else None
    if scope and scope.actor.request_id:
        line["request_id"] = scope.actor.request_id
    return line


def _allow(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in line.items() if key in ALLOWED}


def _task(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of a task's end which and how, not what it answered or what its exception says."""
    record = line.get("_record")
    facts = getattr(record, "data", None)
    if getattr(record, "name", "") == "celery.app.trace" and isinstance(facts, dict):
        how = facts.get("description") or (
            "succeeded" if "return_value" in facts else "tried again"
        )
        line["event"] = f"Task {facts.get('name')}[{facts.get('id')}] {how}"
    return line


def without_values(error: BaseException) -> str:
    """Write a traceback, causes first, that names files, lines and types only."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [without_values(cause), ""] if cause is not None else []
    frames = traceback.extract_tb(error.__traceback__)
    state = getattr(error, "sqlstate", None)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return "\n".join([*before, "".join(frames.format()) + kind + (f" [{state}]" if state else "")])


def _exception(
    _logger: Any, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    found = line.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found
    error = error[1] if isinstance(error, tuple) else error
    if isinstance(error, BaseException):
        line["exception"] = without_values(error)
    return line


def configuration(*, level: str, with_values: bool = False) -> dict[str, Any]:
    """Answer Django's LOGGING. `with_values` is for a developer's own data only."""
    before: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _scope,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": before,
        "processors": [
            *([] if with_values else [_task]),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if with_values else _exception,
            _allow,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        # Django's own set-up would print 500s a second time, and mail them with their variables.
        "loggers": {"django": {"handlers": [], "propagate": True}},
    }


def start_sentry(*, dsn: str, release: str) -> None:
    """Report errors where a DSN is set."""
    if not dsn:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=release or None,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_scrub,  # type: ignore[arg-type]
    )


def _scrub(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    scope = active_scope()
    event["tags"] = {"tenant": scope.tenant_id if scope else 0}
    if request := event.get("request"):
        event["request"] = {"method": request.get("method")}
    for name in ("user", "extra", "breadcrumbs", "server_name"):
        event.pop(name, None)
    for name in ("formatted", "params"):
        event.get("logentry", {}).pop(name, None)
    for exception in event.get("exception", {}).get("values", []):
        # A database error quotes the row it stumbled over.
        exception["value"] = ""
    return event
