"""URLs of plans, of their work list, and of their templates."""

from __future__ import annotations

from django.urls import path

from clinical.plans import template_views, views

app_name = "plans"
urlpatterns = [
    path("patients/<uuid:pk>/plans/", views.plan_list, name="list"),
    path("patients/<uuid:pk>/plans/new/", views.new, name="new"),
    path("plans/due/", views.due, name="due"),
    path("plans/<uuid:pk>/", views.detail, name="detail"),
    path("plans/<uuid:pk>/edit/", views.edit, name="edit"),
    path("plans/<uuid:pk>/start/", views.start, name="start"),
    path("plans/<uuid:pk>/review/", views.review, name="review"),
    path("plans/<uuid:pk>/close/", views.close, name="close"),
    path("plans/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("plans/<uuid:pk>/discard/", views.discard, name="discard"),
    path("plans/<uuid:pk>/pdf/", views.pdf, name="pdf"),
    path("plans/goals/<uuid:pk>/progress/", views.progress, name="progress"),
    path("settings/plans/", template_views.template_list, name="templates"),
    path("settings/plans/new/", template_views.new, name="new_template"),
    path("settings/plans/standard/", template_views.standard, name="standard_templates"),
    path("settings/plans/<uuid:pk>/", template_views.edit, name="edit_template"),
]
