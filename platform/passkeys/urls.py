"""Addresses of passkeys, the same on every clinic's and on the operators' host."""

from __future__ import annotations

from django.urls import path

from passkeys import views

app_name = "passkeys"
urlpatterns = [
    path("account/passkeys/", views.passkey_list, name="list"),
    path("account/passkeys/new/", views.AddView.as_view(), name="new"),
    path("account/passkeys/options/", views.options, name="options"),
    path("account/passkeys/add/", views.add, name="add"),
    path("account/passkeys/<int:passkey_id>/rename/", views.rename, name="rename"),
    path("account/passkeys/<int:passkey_id>/remove/", views.remove, name="remove"),
    path("login/passkey/options/", views.LoginOptionsView.as_view(), name="login_options"),
    path("login/passkey/", views.PasskeyLoginView.as_view(), name="login"),
]
