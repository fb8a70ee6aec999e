"""URLs below /settings/setup/."""

from __future__ import annotations

from django.urls import path

from onboarding.checklist import views

app_name = "checklist"
urlpatterns = [
    path("", views.page, name="page"),
    path("card/", views.card, name="card"),
    path("card/dismiss/", views.dismiss, name="dismiss"),
    path("<slug:step>/skip/", views.skip, name="skip"),
    path("<slug:step>/resume/", views.resume, name="resume"),
]
