"""What can be done with people's accounts, in the scope of one clinic or of `public`."""

from __future__ import annotations

from accounts.services.factors import (
    confirm_factor,
    make_backup_codes,
    remove_factor,
    reset_factor,
    verify_code,
)
from accounts.services.passwords import request_password_reset, reset_password, set_password
from accounts.services.people import (
    accept_invitation,
    cancel_invitation,
    change_role,
    create_user,
    deactivate_user,
    ensure_user,
    invite_user,
    reactivate_user,
    rename_user,
    resend_invitation,
)
from accounts.services.sessions import end_session, end_sessions

__all__ = [
    "accept_invitation",
    "cancel_invitation",
    "change_role",
    "confirm_factor",
    "create_user",
    "deactivate_user",
    "end_session",
    "end_sessions",
    "ensure_user",
    "invite_user",
    "make_backup_codes",
    "reactivate_user",
    "remove_factor",
    "rename_user",
    "request_password_reset",
    "resend_invitation",
    "reset_factor",
    "reset_password",
    "set_password",
    "verify_code",
]
