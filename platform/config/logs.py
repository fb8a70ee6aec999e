"""Log lines and error reports: one JSON object a line, with the clinic's id and never a person's data.

What a line may carry is an allow-list. Error reports carry no local variables, bodies, cookies or
query strings.
"""

from __future__ import annotations

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


def configuration(*, level: str) -> dict[str, Any]:
    """Answer Django's LOGGING."""
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
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
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
    for exception in event.get("exception", {}).get("values", []):
        # A database error quotes the row it stumbled over.
        exception["value"] = ""
    return event
