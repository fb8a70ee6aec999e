"""URLs of a patient's health summary, and of code lists."""

from __future__ import annotations

from django.urls import path

from clinical.problems import code_views, views

app_name = "problems"
urlpatterns = [
    path("patients/<uuid:pk>/health/", views.summary, name="summary"),
    path("patients/<uuid:pk>/health/no-known-allergies/", views.none_known, name="none_known"),
    path("patients/<uuid:pk>/health/<slug:kind>/new/", views.new, name="new"),
    path("patients/<uuid:pk>/health/<slug:kind>/reviewed/", views.review, name="review"),
    path("health/codes/", views.find_codes, name="find_codes"),
    path("health/problems/<uuid:pk>/", views.problem, name="problem"),
    path("health/<slug:kind>/<uuid:pk>/edit/", views.edit, name="edit"),
    path("health/<slug:kind>/<uuid:pk>/remove/", views.remove, name="remove"),
    path("health/<slug:kind>/<uuid:pk>/back/", views.bring_back, name="bring_back"),
    path("settings/codes/", code_views.code_lists, name="code_lists"),
    path("settings/codes/sample/", code_views.sample, name="sample"),
    path("settings/codes/<uuid:pk>/", code_views.code_list, name="code_list"),
    path("settings/codes/<uuid:pk>/use/", code_views.use, name="use_codes"),
    path("settings/codes/<uuid:pk>/retire/", code_views.retire, name="retire_codes"),
    path("settings/codes/<uuid:pk>/discard/", code_views.discard, name="discard_codes"),
]
