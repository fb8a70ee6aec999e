"""URLs of NDIS plans."""

from __future__ import annotations

from django.urls import path

from clinical.funding import views

app_name = "funding"
urlpatterns = [
    path("patients/<uuid:pk>/ndis/", views.plan_list, name="list"),
    path("patients/<uuid:pk>/ndis/new/", views.new, name="new"),
    path("ndis/<uuid:pk>/edit/", views.edit, name="edit"),
    path("ndis/<uuid:pk>/remove/", views.remove, name="remove"),
]
