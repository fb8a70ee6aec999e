"""Cache keys carry the scope: what one clinic caches, another cannot name."""

from __future__ import annotations

from tenants.scope import current_scope


def key_of_scope(key: str, key_prefix: str, version: int) -> str:
    """Prefix a cache key with the running scope; raises NoTenantError without one."""
    return f"{current_scope().key}:{key_prefix}:{version}:{key}"
