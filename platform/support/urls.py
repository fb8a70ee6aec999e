"""URLs of a clinic's host: the owner's pages below /settings/, a visitor's below /support/."""

from __future__ import annotations

from django.urls import path

from support import entering, views

app_name = "support"
urlpatterns = [
    path("settings/support/", views.overview, name="owner"),
    path("settings/support/offer/", views.offer, name="offer"),
    path("settings/support/<uuid:pk>/", views.access, name="access"),
    path("settings/support/<uuid:pk>/answer/", views.answer, name="answer"),
    path("settings/support/<uuid:pk>/end/", views.end, name="end"),
    path("settings/where/", views.where, name="where"),
    path("support/enter/", entering.enter, name="enter"),
    path("support/leave/", entering.leave, name="leave"),
    path("support/bar/", entering.bar, name="bar"),
]
