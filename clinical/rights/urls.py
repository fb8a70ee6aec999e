"""URLs of the registers under Settings, and of the privacy pages of a record."""

from __future__ import annotations

from django.urls import path

from clinical.rights import breach_views, moment_views, record_views, register_views

app_name = "rights"
_RECORD, _OURS = "patients/<uuid:pk>/privacy/", "settings/privacy/"
urlpatterns = [
    path(_RECORD, record_views.record, name="record"),
    path(f"{_RECORD}requests/", record_views.receive, name="receive"),
    path(f"{_RECORD}restrict/", record_views.restrict, name="restrict"),
    path(f"{_RECORD}hold/", record_views.hold, name="hold"),
    path(f"{_RECORD}facts/", record_views.facts, name="facts"),
    path(f"{_RECORD}copy/", record_views.copy, name="copy"),
    path(f"{_RECORD}erase/", record_views.ask_erasure, name="ask_erasure"),
    path("patients/<uuid:pk>/as-it-was/", moment_views.as_it_was, name="as_it_was"),
    path("privacy/requests/<uuid:pk>/", record_views.decide, name="decide"),
    path(
        "privacy/restrictions/<uuid:pk>/end/", record_views.end_restriction, name="end_restriction"
    ),
    path("privacy/holds/<uuid:pk>/lift/", record_views.lift_hold, name="lift_hold"),
    path("privacy/copies/<uuid:pk>/progress/", record_views.progress, name="progress"),
    path("privacy/copies/<uuid:pk>/link/", record_views.link, name="link"),
    path("privacy/copies/<uuid:pk>/<str:token>/", record_views.download, name="download"),
    path(_OURS, register_views.overview, name="overview"),
    path(f"{_OURS}jurisdiction/", register_views.jurisdiction, name="jurisdiction"),
    path(f"{_OURS}retention/", register_views.retention, name="retention"),
    path(f"{_OURS}erasures/<uuid:pk>/", register_views.order, name="order"),
    path(f"{_OURS}erasures/<uuid:pk>/approve/", register_views.approve, name="approve"),
    path(f"{_OURS}erasures/<uuid:pk>/decline/", register_views.decline, name="decline"),
    path(f"{_OURS}erasures/<uuid:pk>/again/", register_views.again, name="again"),
    path(f"{_OURS}destroyed/", register_views.destroyed, name="destroyed"),
    path(f"{_OURS}research/", register_views.research, name="research"),
    path(f"{_OURS}research/<uuid:pk>/link/", register_views.extract_link, name="extract_link"),
    path(
        f"{_OURS}research/<uuid:pk>/<str:token>/", register_views.extract_file, name="extract_file"
    ),
    path(f"{_OURS}breaches/", breach_views.breach_list, name="breaches"),
    path(f"{_OURS}breaches/new/", breach_views.new, name="new_breach"),
    path(f"{_OURS}breaches/<uuid:pk>/", breach_views.detail, name="breach"),
    path(f"{_OURS}breaches/<uuid:pk>/step/", breach_views.step, name="step"),
    path(f"{_OURS}breaches/<uuid:pk>/pdf/", breach_views.pdf, name="breach_pdf"),
]
