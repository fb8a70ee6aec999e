from __future__ import annotations

import stat

import pytest

from config.stack.passwords import NAMES, SecretsDamagedError, load_or_make


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path):
    path = tmp_path / "secrets.json"

    first = load_or_make(path)

    assert load_or_make(path) == first
    assert sorted(first) == sorted(NAMES)
    assert len(set(first.values())) == len(NAMES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_a_new_version_needs_is_added_to_the_old_ones(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text('{"admin": "kept"}')

    secrets = load_or_make(path)

    assert secrets["admin"] == "kept"
    assert sorted(secrets) == sorted(NAMES)


def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text('{"admin": ')

    with pytest.raises(SecretsDamagedError, match=r"secrets\.json.*make demo-reset"):
        load_or_make(path)

    assert path.read_text() == '{"admin": '
