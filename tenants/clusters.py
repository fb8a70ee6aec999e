"""Databases other than the platform's own, in which clinics may stand: `NEXUS_CLUSTERS`.

While a scope of such a clinic is open, the thread's connection under the usual name leads to the clinic's
database. So whatever follows a connection by its name (`transaction.atomic()`, `on_commit`, the router,
raw cursors) is where the clinic is, and nothing else has to know of it. The shared tables are in the
platform's database alone: `tenants.scope.shared_rows`.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.signals import request_finished
from django.db import connections
from django.db.utils import load_backend
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = ""


class ClusterError(RuntimeError):
    """A clinic stands in a database that this installation does not name."""


class _Kept(threading.local):
    """A thread's connections to clusters, and those that stood under their names before."""

    def __init__(self) -> None:
        self.wrappers: dict[tuple[str, str], Any] = {}
        self.home: dict[str, Any] = {}


_kept = _Kept()


def names() -> list[str]:
    return sorted(settings.CLUSTERS)


def listen_urls() -> list[str]:
    """Answer where else the event relay listens: changes are told in the database they happen in."""
    return [
        make_conninfo(
            host=entry["HOST"], port=entry["PORT"], user=entry["USER"], password=entry["PASSWORD"],
            dbname=entry["NAME"],
        )
        for entry in (roles["default"] for roles in settings.CLUSTERS.values())
    ]  # fmt: skip


def connection_to(alias: str, cluster: str) -> Any:
    """Answer this thread's connection of a name to a cluster; `HOME` is the platform's database."""
    now = connections[alias]
    here = cluster_of(now)
    if here == cluster:
        return now
    if cluster == HOME:
        return _kept.home[alias]
    if here == HOME:
        _kept.home[alias] = now
    wrapper = _kept.wrappers.get((alias, cluster))
    if wrapper is None:
        wrapper = _kept.wrappers[alias, cluster] = _made(alias, cluster)
    elif not wrapper.in_atomic_block:
        wrapper.close_if_unusable_or_obsolete()
    return wrapper


def cluster_of(connection: Any) -> str:
    return str(getattr(connection, "nexus_cluster", HOME))


def _made(alias: str, cluster: str) -> Any:
    try:
        wanted = settings.CLUSTERS[cluster][alias]
    except KeyError:
        raise ClusterError(
            f"NEXUS_CLUSTERS names no database {cluster!r} for the role behind {alias!r}. "
            "docs/operations.md says what stands there."
        ) from None
    entry = {**connections.settings[alias], **wanted}
    wrapper = load_backend(entry["ENGINE"]).DatabaseWrapper(entry, alias)
    wrapper.nexus_cluster = cluster
    return wrapper


@contextmanager
def connected(alias: str, cluster: str) -> Iterator[Any]:
    """Have the name lead to the cluster for the length of the block."""
    before, wanted = connections[alias], connection_to(alias, cluster)
    if before is wanted:
        yield wanted
        return
    connections[alias] = wanted
    try:
        yield wanted
    finally:
        connections[alias] = before


def close_all() -> None:
    """Close this thread's connections to clusters, and look anew where those stand."""
    for wrapper in _kept.wrappers.values():
        wrapper.close()
    _kept.wrappers.clear()


def _tidy(**_kwargs: Any) -> None:
    for wrapper in _kept.wrappers.values():
        wrapper.close_if_unusable_or_obsolete()


request_finished.connect(_tidy, dispatch_uid="tenants.clusters")
