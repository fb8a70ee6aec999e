"""What actually runs for the clinic in scope, asked at that moment. What cannot be found out is unknown."""

from __future__ import annotations

import logging
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections, transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from connections.models import Connection
from tenants.scope import current_scope, shared_rows
from tenants.storage import StorageUnavailableError, clinic_storage, platform_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenants.models import Tenant

log = logging.getLogger(__name__)

UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Fact:
    """One line. `tone` colours it: good, bad or neither."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    icon: str
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Recipient:
    """A company that receives something of this clinic's."""

    company: str
    country: str
    purpose: str
    receives: str
    because: str


_finders: dict[str, tuple[str, list[Any]]] = {}


def find_facts(title: str, icon: str, finder: Callable[[Tenant], Sequence[Fact]]) -> None:
    """Add facts to a section, from an AppConfig's ready(); runs in the clinic's scope."""
    _finders.setdefault(title, (icon, []))[1].append(finder)


def sections_of(tenant: Tenant) -> list[Section]:
    """Answer every section; one whose finder stumbles says that it is unknown."""
    return [
        Section(title, icon, [fact for finder in finders for fact in _found(finder, title, tenant)])
        for title, (icon, finders) in sorted(_finders.items(), key=_place)
    ]


_ORDER = ("Database", "Files", "Keys", "Backups", "Looked after", "Platform")


def _place(section: tuple[str, Any]) -> int:
    return _ORDER.index(section[0]) if section[0] in _ORDER else len(_ORDER)


def _found(finder: Any, title: str, tenant: Tenant) -> Sequence[Fact]:
    try:
        with transaction.atomic():
            return list(finder(tenant))
    except Exception:
        log.exception("a fact about where data live could not be found")
        return [Fact(title, UNKNOWN, "It could not be asked just now.", "warning")]


def _ask(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# ── the database ─────────────────────────────────────────────────────────────────────────────────

_SERVER = """
SELECT current_setting('server_version'), pg_is_in_recovery(), current_database(), current_user,
  coalesce(current_setting('cluster_name', true), '')
"""
_SIZE = """
SELECT count(*), coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint,
  count(*) FILTER (WHERE c.relrowsecurity AND c.relforcerowsecurity)
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
"""


def database(tenant: Tenant) -> list[Fact]:
    schema = current_scope().schema
    version, is_copy, name, role, cluster = _ask(_SERVER)[0]
    is_encrypted = connections[current_scope().alias].connection.pgconn.ssl_in_use
    tables, size, walled = _ask(_SIZE, [schema])[0]
    safe = is_encrypted or _is_local()
    return [
        Fact("Region of the clinic", tenant.region, "Decides law and retention, not the place."),
        Fact("Cluster", tenant.cluster or "The platform's own", cluster),
        Fact("Server", f"PostgreSQL {version}", "A copy" if is_copy else "The primary"),
        Fact("Database", name, f"Asked as {role}, which sees a clinic only in its scope."),
        Fact("Schema", schema, "Your own: no other clinic's rows stand in it."),
        Fact(
            "Tables",
            f"{tables}, {filesizeformat(size)}",
            f"{walled} of {tables} with a forced wall",
            "success" if walled == tables else "danger",
        ),
        Fact(
            "Way to the server",
            "Encrypted" if is_encrypted else ("On this machine" if safe else "Not encrypted"),
            tone="success" if safe else "warning",
        ),
    ]


def _is_local() -> bool:
    host = str(settings.DATABASES["default"].get("HOST") or "")
    return host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")


# ── files ────────────────────────────────────────────────────────────────────────────────────────

_PROBE = "where/never-there"


def files(_tenant: Tenant) -> list[Fact]:
    """Ask the storage itself for a file that is never there: only one that works says so."""
    try:
        storage = clinic_storage()
        storage.size_or_none(_PROBE)
        answer = Fact("Asked just now", "It answers", tone="success")
    except StorageUnavailableError as error:
        return [
            Fact("Place", UNKNOWN),
            Fact("Asked just now", "It does not answer", str(error), "danger"),
        ]
    own = Connection.objects.filter(provider="s3", state__in=["live", "broken"]).first()
    if own is not None:
        place = Fact("Place", "A bucket of your own", _bucket(own.options), "success")
        return [place, *_platforms_place("What is not moved yet"), answer]
    return [*_platforms_place("Place"), answer]


def _platforms_place(label: str) -> list[Fact]:
    storage: Any = platform_storage()
    bucket = getattr(storage, "bucket_name", "")
    if not bucket:
        return [Fact(label, "The platform's disk", f"Folder {current_scope().key}, yours alone")]
    options = {"bucket": bucket, "region": storage.region_name, "endpoint": storage.endpoint_url}
    return [Fact(label, "The platform's bucket", _bucket(options))]


def _bucket(options: dict[str, Any]) -> str:
    host = urlsplit(str(options.get("endpoint") or "")).hostname or ""
    region = options.get("region") or ""
    parts = [f"{options.get('bucket', '')}", f"at {host}" if host else "at Amazon S3", region]
    return ", ".join(str(part) for part in parts if part)


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────

_KEYS = "SELECT id, wrapped_by, created_at FROM public.tenants_datakey ORDER BY id DESC"


def keys(_tenant: Tenant) -> list[Fact]:
    with shared_rows() as cursor:
        cursor.execute(_KEYS)
        found = cursor.fetchall()
    if not found:
        return [Fact("Data key", "None yet", "Made with the first secret that has to be kept.")]
    now = timezone.now()
    facts = []
    for place, (pk, wrapped_by, made_at) in enumerate(found):
        where = "AWS KMS" if "kms" in wrapped_by.lower() else "the platform's key ring"
        age = (now - made_at).days
        facts.append(
            Fact(
                "Data key" if place == 0 else "Older data key",
                str(pk),
                f"Wrapped by {where} ({wrapped_by.rpartition('/')[2]}), {age} days old",
            )
        )
    return facts


# ── the release, and what other apps know ────────────────────────────────────────────────────────


def release(_tenant: Tenant) -> list[Fact]:
    return [Fact("Release", os.environ.get("NEXUS_RELEASE") or UNKNOWN)]


# ── who receives anything ────────────────────────────────────────────────────────────────────────


@cache
def _policy() -> dict[str, dict[str, dict[str, str]]]:
    file = Path(__file__).with_name("recipients.toml")
    with file.open("rb") as opened:
        return tomllib.load(opened)


def recipients() -> list[Recipient]:
    """Answer who receives something of this clinic's: its own connections, then the platform's."""
    policy = _policy()
    in_use = Connection.objects.filter(state__in=["live", "broken"]).order_by("provider")
    found = [
        _recipient(
            policy["connection"].get(one.provider, {}),
            one.provider,
            f"You connected it{f' ({one.account_name})' if one.account_name else ''}",
        )
        for one in in_use
    ]
    return found + [
        _recipient(policy["platform"].get(key, {}), name, "Used by this installation")
        for key, name in _of_the_platform()
    ]


def _recipient(words: dict[str, str], name: str, because: str) -> Recipient:
    return Recipient(
        company=words.get("company", name),
        country=words.get("country", UNKNOWN),
        purpose=words.get("purpose", UNKNOWN),
        receives=words.get("receives", UNKNOWN),
        because=because,
    )


def _of_the_platform() -> list[tuple[str, str]]:
    """Answer which outside services the installation itself is set up to use."""
    found = []
    mail = urlsplit(settings.MAIL_URL)
    if mail.scheme != "file":
        found.append(("mail", mail.hostname or "mail"))
    if settings.STORAGE_URL.startswith("s3:"):
        found.append(("s3", "The platform's object store"))
    if settings.VAULT_KMS_KEY:
        found.append(("kms", "AWS KMS"))
    if os.environ.get("SENTRY_DSN"):
        found.append(("sentry", urlsplit(os.environ["SENTRY_DSN"]).hostname or "Sentry"))
    if settings.PUSH_KEY:
        found.append(("push", "Push services of browsers"))
    return found


def register_all() -> None:
    """Put the sections in their order."""
    find_facts("Database", "database", database)
    find_facts("Files", "folder", files)
    find_facts("Keys", "key", keys)
    find_facts("Backups", "history", lambda _tenant: [])
    find_facts("Platform", "server-2", release)
