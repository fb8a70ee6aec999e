"""Cache keys carry the scope: what one clinic caches, another cannot name."""

from __future__ import annotations

import json
from typing import Any

from tenants.scope import current_scope


def key_of_scope(key: str, key_prefix: str, version: int) -> str:
    """Prefix a cache key with the running scope; raises NoTenantError without one."""
    return f"{current_scope().key}:{key_prefix}:{version}:{key}"


class JsonSerializer:
    """What Django's Redis cache keeps: JSON. Its own way is pickle, which runs what it reads."""

    def dumps(self, value: Any) -> bytes | int:
        """Write a value; whole numbers stay such, so that Redis can count them up."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        return json.loads(stored)
