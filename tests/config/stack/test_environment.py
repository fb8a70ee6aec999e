from __future__ import annotations

import pytest

from config.stack import environment
from config.stack.environment import Environment, HalfExternalError
from config.stack.layout import Layout


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    # Set and then deleted, so that what `adopt` sets is undone as well.
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.delenv("SECRET_KEY")
    for name in (*environment.DATABASE_VARIABLES, environment.ADMIN, "REDIS_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_only_the_processes_that_need_a_role_are_handed_its_password():
    everything = Environment(
        {"DATABASE_URL": "app", "DATABASE_OWNER_URL": "owner", "DATABASE_ADMIN_URL": "admin"}
    )

    def handed(variables):
        return [value for value in ("app", "owner", "admin") if value in variables.values()]

    assert handed(everything.for_web()) == ["app"]
    assert handed(everything.for_worker()) == ["app", "owner"]
    assert handed(everything.for_commands()) == ["app", "owner", "admin"]


def test_the_embedded_servers_are_the_default():
    assert environment.wants_embedded_database()
    assert environment.wants_embedded_valkey()


def test_a_database_of_ones_own_replaces_the_embedded_one(monkeypatch):
    for name in environment.DATABASE_VARIABLES:
        monkeypatch.setenv(name, "postgresql://role:password@db.example/nexus")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example/0")

    assert not environment.wants_embedded_database()
    assert not environment.wants_embedded_valkey()


def test_half_a_database_of_ones_own_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nexus_app:password@db.example/nexus")

    with pytest.raises(HalfExternalError, match="DATABASE_OWNER_URL and DATABASE_PLATFORM_URL"):
        environment.wants_embedded_database()


@pytest.fixture
def here(tmp_path):
    prepared = Layout(tmp_path / "var")
    prepared.prepare()
    environment.remember(prepared, Environment({"DATABASE_URL": "theirs", "SECRET_KEY": "theirs"}))
    return prepared


def test_commands_in_another_terminal_find_the_running_installation(here, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "mine")

    with here.running():
        assert environment.adopt(here)

    assert environment.os.environ["DATABASE_URL"] == "theirs"
    assert environment.os.environ["SECRET_KEY"] == "mine"


def test_an_installation_that_does_not_run_is_not_adopted(here):
    assert not environment.adopt(here)


def test_nothing_is_adopted_beside_a_database_set_by_hand(here, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mine")

    with here.running():
        assert not environment.adopt(here)
