"""URLs of messages: a patient's, the inbox of texts, reminders, and their settings."""

from __future__ import annotations

from django.urls import path

from clinical.messages import notice_views, reminder_views, rule_views, text_views, views

app_name = "clinic_messages"
urlpatterns = [
    path("patients/<uuid:pk>/messages/", views.conversation, name="list"),
    path("patients/<uuid:pk>/messages/send/", text_views.send, name="send"),
    path("patients/<uuid:pk>/messages/opt-out/", text_views.opt_out, name="opt_out"),
    path("messages/notices/<uuid:pk>/", notice_views.settle, name="settle_notice"),
    path("texts/", text_views.inbox, name="inbox"),
    path("texts/count/", text_views.counted, name="count"),
    path("texts/words/", text_views.words, name="words"),
    path("texts/<uuid:pk>/", text_views.conversation, name="conversation"),
    path("texts/<uuid:pk>/reply/", text_views.reply, name="reply"),
    path("texts/<uuid:pk>/step/", text_views.step, name="step"),
    path("texts/<uuid:pk>/link/", text_views.link, name="link"),
    path("reminders/", reminder_views.reminders, name="reminders"),
    path("reminders/act/", reminder_views.act, name="act"),
    path("reminders/<uuid:pk>/step/", reminder_views.step, name="step_reminder"),
    path("settings/telling-patients/", notice_views.settings_page, name="settings"),
    path("settings/reminders/", rule_views.rules, name="rules"),
    path("settings/reminders/new/", rule_views.new_rule, name="new_rule"),
    path("settings/reminders/<uuid:pk>/", rule_views.edit_rule, name="edit_rule"),
    path("settings/reminders/<uuid:pk>/step/", rule_views.step_rule, name="step_rule"),
    path("settings/reminders/fields/", rule_views.fields_page, name="fields"),
    path("settings/templates/new/", rule_views.new_template, name="new_template"),
    path("settings/templates/preview/", rule_views.preview, name="preview"),
    path("settings/templates/<uuid:pk>/", rule_views.edit_template, name="edit_template"),
    path(
        "settings/templates/<uuid:pk>/retire/", rule_views.retire_template, name="retire_template"
    ),
]
