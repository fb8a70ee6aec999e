"""Running PostgreSQL where we are root, which it refuses to be.

The server then runs as an unprivileged account that exists on the machine (initdb looks its name
up) and that must be able to walk to the binaries and to the data. Where it cannot (a checkout
under /root, mode 0700) both live under /var/lib/nexus instead: no permission is ever widened.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from config.stack.children import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_DIR = Path("/var/lib/nexus")
ACCOUNTS = ("nexus", "postgres", "nobody")


class NoUnprivilegedAccountError(RuntimeError):
    """Root runs us and no account exists to run PostgreSQL as."""


def server_account(data: Path) -> Account | None:
    """Whom to run the server as: the owner of existing data, else the first known account.

    None where we are an ordinary user: then it runs as ourselves.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        try:
            entry = pwd.getpwuid(owner)
        except KeyError as error:
            raise NoUnprivilegedAccountError(
                f"{data} belongs to uid {owner}, which no longer has an account on this machine. "
                f"Give it to an existing one (chown -R nobody {data}) and start again."
            ) from error
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoUnprivilegedAccountError(
        "PostgreSQL refuses to run as root and this machine has none of the accounts "
        f"{', '.join(ACCOUNTS)}. Create one (useradd --system nexus) or start as an ordinary user."
    )


def can_walk_to(path: Path, account: Account) -> bool:
    """Whether `account` may enter every directory that leads to `path`."""
    return all(
        not parent.exists() or _may_enter(parent.stat(), account)
        for parent in path.resolve().parents
    )


def _may_enter(directory: os.stat_result, account: Account) -> bool:
    if directory.st_uid == account.uid:
        return bool(directory.st_mode & stat.S_IXUSR)
    if directory.st_gid == account.gid:
        return bool(directory.st_mode & stat.S_IXGRP)
    return bool(directory.st_mode & stat.S_IXOTH)


def make_walkable(directory: Path) -> None:
    """Make a directory anybody may enter, whatever the umask; existing ones keep their mode."""
    for missing in [path for path in (directory, *directory.parents) if not path.exists()][::-1]:
        missing.mkdir()
        missing.chmod(0o755)


def state_dir_for(path: Path) -> Path:
    """The directory under /var/lib/nexus that stands in for an unreachable `path`."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
    return STATE_DIR / name


def give_to(account: Account | None, path: Path) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def reachable_copy(name: str, trees: Mapping[str, Path]) -> Path:
    """A directory `name` any account can enter, holding each tree at its path; made once."""
    copy = STATE_DIR / name
    if copy.exists():
        return copy
    make_walkable(STATE_DIR)
    partial = STATE_DIR / f".{name}-{os.getpid()}"
    for place, tree in trees.items():
        shutil.copytree(tree, partial / place, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))
    try:
        partial.rename(copy)
    except OSError:  # another start was faster
        shutil.rmtree(partial)
    return copy
