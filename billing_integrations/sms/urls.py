"""URLs of a clinic's account for texts."""

from __future__ import annotations

from django.urls import path

from billing_integrations.sms import views

app_name = "sms"
urlpatterns = [
    path("settings/texts/account/", views.settings_page, name="settings"),
    path("settings/texts/account/test/", views.send_test, name="test"),
    path("settings/texts/account/sender/", views.change_sender, name="sender"),
    path("settings/texts/account/replies/", views.receive_replies, name="replies"),
    path("settings/texts/account/tests/", views.tests, name="tests"),
    path("settings/texts/account/address/", views.replies, name="address"),
    path("settings/texts/costs/", views.costs, name="costs"),
    path("texts/alarm/", views.alarm, name="alarm"),
]
