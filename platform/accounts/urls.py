"""Addresses of the accounts' pages, the same on every clinic's and on the operators' host."""

from __future__ import annotations

from django.urls import include, path

from accounts.views import account, factor, login, passwords, staff

two_factor = [
    path("login/", login.LoginView.as_view(), name="login"),
    path("account/two-factor/", factor.ProfileView.as_view(), name="profile"),
    path("account/two-factor/setup/", factor.SetUpView.as_view(), name="setup"),
    path("account/two-factor/replace/", factor.ReplaceView.as_view(), name="replace"),
    path("account/two-factor/remove/", factor.DisableView.as_view(), name="disable"),
    path(
        "account/two-factor/backup-codes/", factor.BackupCodesView.as_view(), name="backup_tokens"
    ),
]

accounts = [
    path("logout/", login.sign_out, name="logout"),
    path("account/", account.account, name="account"),
    path("account/password/", account.PasswordView.as_view(), name="password"),
    path("account/sessions/end-others/", account.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<uuid:session_id>/end/", account.end_own_session, name="end_session"),
    path("password-reset/", passwords.PasswordResetView.as_view(), name="password_reset"),
    path(
        "password-reset/sent/",
        passwords.PasswordResetSentView.as_view(),
        name="password_reset_sent",
    ),
    path(
        "password-reset/<uidb64>/<token>/",
        passwords.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("join/", passwords.JoinView.as_view(), name="join"),
    path("join/<str:token>/", passwords.invitation, name="invitation"),
    path("staff/", staff.staff_list, name="staff"),
    path("staff/invite/", staff.invite, name="invite"),
    path("staff/<uuid:user_id>/", staff.member, name="member"),
    path("staff/<uuid:user_id>/deactivate/", staff.deactivate, name="deactivate"),
    path("staff/<uuid:user_id>/reactivate/", staff.reactivate, name="reactivate"),
    path("staff/<uuid:user_id>/resend/", staff.resend, name="resend_invitation"),
    path("staff/<uuid:user_id>/cancel/", staff.cancel, name="cancel_invitation"),
    path("staff/<uuid:user_id>/reset-factor/", staff.reset_factor, name="reset_factor"),
]

urlpatterns = [
    path("", include((two_factor, "two_factor"))),
    path("", include((accounts, "accounts"))),
]
