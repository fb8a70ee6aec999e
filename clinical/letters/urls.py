"""URLs of letters and of their templates."""

from __future__ import annotations

from django.urls import path

from clinical.letters import template_views, views

app_name = "letters"
urlpatterns = [
    path("patients/<uuid:pk>/letters/", views.letter_list, name="list"),
    path("patients/<uuid:pk>/letters/new/", views.new, name="new"),
    path("letters/<uuid:pk>/", views.detail, name="detail"),
    path("letters/<uuid:pk>/edit/", views.edit, name="edit"),
    path("letters/<uuid:pk>/finalise/", views.finalise, name="finalise"),
    path("letters/<uuid:pk>/sent/", views.sent, name="sent"),
    path("letters/<uuid:pk>/copy/", views.copy, name="copy"),
    path("letters/<uuid:pk>/discard/", views.discard, name="discard"),
    path("letters/<uuid:pk>/pdf/", views.pdf, name="pdf"),
    path("letters/<uuid:pk>/copies/", views.copies, name="copies"),
    path("letters/<uuid:pk>/correct/", views.correct, name="correct"),
    path("letters/<uuid:pk>/send/", views.send, name="send"),
    path("letters/<uuid:pk>/mails/", views.mails, name="mails"),
    path("letters/mails/<uuid:pk>/again/", views.send_again, name="send_again"),
    path("settings/letters/", template_views.template_list, name="templates"),
    path("settings/letters/new/", template_views.new, name="new_template"),
    path("settings/letters/standard/", template_views.standard, name="standard_templates"),
    path("settings/letters/<uuid:pk>/", template_views.edit, name="edit_template"),
]
