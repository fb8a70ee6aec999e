from __future__ import annotations

import psycopg
import pytest
import redis

from config.stack.throwaway import ADMIN_URL, REDIS_URL, start_or_reuse, throwaway


def test_both_servers_answer_and_are_gone_afterwards():
    with throwaway() as servers:
        with psycopg.connect(servers.admin_url) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
        with redis.Redis.from_url(servers.valkey_url) as client:
            assert client.ping()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(servers.admin_url)
    with redis.Redis.from_url(servers.valkey_url) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_servers_named_in_the_environment_are_used_and_none_are_started(monkeypatch):
    monkeypatch.setenv(ADMIN_URL, "postgresql://there")
    monkeypatch.setenv(REDIS_URL, "redis://there")

    servers = start_or_reuse()

    assert (servers.admin_url, servers.valkey_url) == ("postgresql://there", "redis://there")
