"""URLs below /settings/clinic/."""

from __future__ import annotations

from django.urls import path

from onboarding.subscription import views

app_name = "subscription"
urlpatterns = [
    path("plan/", views.plan, name="plan"),
    path("address/", views.address, name="address"),
    path("details/", views.details, name="details"),
    path("go-live/", views.go_live, name="go_live"),
    path("progress/<slug:kind>/", views.progress, name="progress"),
]
