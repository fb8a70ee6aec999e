"""Log lines carry the clinic's id, and never a person's data."""

from __future__ import annotations

import logging

from tenants.scope import active_scope


class ScopeFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        scope = active_scope()
        record.tenant = scope.tenant_id if scope else "-"
        return True
