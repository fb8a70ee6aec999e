"""Settings whose loss nobody would notice until it is too late."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError

from accounts.models import User
from config.celery import app


def test_the_queue_takes_json_only_and_loses_no_task():
    conf = app.conf

    assert list(conf.accept_content) == ["json"]
    assert (conf.task_serializer, conf.result_serializer) == ("json", "json")
    assert conf.result_backend is None
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.broker_transport_options["visibility_timeout"] >= 3600


def test_the_workers_log_passes_through_the_same_allow_list():
    assert app.conf.worker_hijack_root_logger is False


@pytest.mark.parametrize("value", ["text", 7, True, None, 1.5, ["a", {"b": 2}]])
def test_the_cache_keeps_json_never_pickle(in_alpha, value):
    cache.set("security", value)

    client = cache._cache.get_client()
    stored = client.get(cache.make_and_validate_key("security"))
    assert json.loads(stored) == value
    assert cache.get("security") == value


def test_what_an_intruder_pickles_into_the_cache_is_not_run(in_alpha):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the cache ran what it read",))

    import pickle

    client = cache._cache.get_client()
    client.set(cache.make_and_validate_key("bomb"), pickle.dumps(Bomb()))

    with pytest.raises(ValueError, match=r"Expecting value|codec can't decode"):
        cache.get("bomb")


def test_sessions_are_json_and_passwords_argon2id():
    assert settings.SESSION_SERIALIZER.endswith(".JSONSerializer")

    user = User()
    user.set_password("lantern quiet orchard")

    algorithm, variety, _version, cost, *_ = user.password.split("$")
    costs = dict(part.split("=") for part in cost.split(","))
    assert (algorithm, variety) == ("argon2", "argon2id")
    assert int(costs["m"]) >= 19 * 1024
    assert (int(costs["t"]), int(costs["p"])) == (2, 1)


@pytest.mark.parametrize(
    "password",
    [
        "lanternquiet",
        "zmqnvhtjwpkr",
        "пароль которого нет",
        "seven quiet lanterns over an orchard by the river, at dawn and dusk",
        "lantern quiet orchard " + "q8v" * 35,
    ],
    ids=["12 letters", "lower case only", "not ASCII", "over 64", "127"],
)
def test_a_good_password_is_taken_whatever_its_letters(password):
    validate_password(password, User(email="a@b.example", name="Anna"))


@pytest.mark.parametrize(
    "password",
    [
        "lanternquie",
        "password1234",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "Letmein12345",
        "P@ssw0rd1234",
        "anna.lantern@b.example",
    ],
)
def test_a_short_common_or_personal_password_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(email="anna.lantern@b.example", name="Anna Lantern"))


def test_no_letter_of_a_password_is_cut_off_or_folded():
    long = "lantern quiet orchard " + "x" * 80
    user = User()
    user.set_password(long)

    assert user.check_password(long)
    assert not user.check_password(long[:-1])
    assert not user.check_password(long.upper())


def test_nothing_asks_for_kinds_of_characters_or_for_a_new_password_now_and_then():
    names = {entry["NAME"].rpartition(".")[2] for entry in settings.AUTH_PASSWORD_VALIDATORS}

    assert names == {
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "PredictablePasswordValidator",
        "UserAttributeSimilarityValidator",
    }
