"""All or nothing, on the connection of the running scope."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from django.db import transaction

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def atomic(service: Callable[P, R]) -> Callable[P, R]:
    """Take back what a service wrote when it raises.

    Django's decorator names one connection for good; operators work on another than clinics do.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic(using=current_scope().alias):
            return service(*args, **kwargs)

    return run
