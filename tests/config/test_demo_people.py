from __future__ import annotations

import stat

from config.demo_people import CLINICS, OPERATORS_HOST, code_now, load_or_make_logins

ROLES = ["owner", "admin", "clinician", "reception", "billing", "coordinator"]


def test_the_code_is_the_one_an_authenticator_shows():
    # RFC 6238, appendix B, SHA-1, shortened to six digits; the secret is "12345678901234567890".
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert code_now(secret, at=59) == "287082"
    assert code_now(secret, at=1111111109) == "081804"
    assert code_now(secret, at=20000000000) == "353130"


def test_every_role_of_both_clinics_and_the_operator_can_log_in(tmp_path):
    logins = load_or_make_logins(tmp_path / "demo" / "logins.json")

    assert [(login.host, login.role) for login in logins] == [
        (OPERATORS_HOST, "operator"),
        *((clinic, role) for clinic in CLINICS for role in ROLES),
    ]
    assert [login.role for login in logins if login.totp_secret] == [
        "operator",
        *("owner", "admin"),
        *("owner", "admin"),
    ]


def test_the_log_ins_stay_the_same_and_are_their_owners_only(tmp_path):
    path = tmp_path / "demo" / "logins.json"

    first = load_or_make_logins(path)

    assert load_or_make_logins(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_logins(tmp_path / "elsewhere.json") != first
