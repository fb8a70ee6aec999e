"""URLs of referrals."""

from __future__ import annotations

from django.urls import path

from clinical.referrals import views

app_name = "referrals"
urlpatterns = [
    path("patients/<uuid:pk>/referrals/", views.referral_list, name="list"),
    path("patients/<uuid:pk>/referrals/new/", views.new, name="new"),
    path("referrals/running-out/", views.running_out, name="running_out"),
    path("referrals/<uuid:pk>/", views.detail, name="detail"),
    path("referrals/<uuid:pk>/edit/", views.edit, name="edit"),
    path("referrals/<uuid:pk>/close/", views.close, name="close"),
    path("appointments/<uuid:pk>/referral/", views.count_visit, name="count_visit"),
]
