"""URLs of results: the two work lists, a patient's, each by itself."""

from __future__ import annotations

from django.urls import path

from clinical.pathology import views

app_name = "pathology"
urlpatterns = [
    path("results/", views.inbox, name="inbox"),
    path("results/filing/", views.filing, name="filing"),
    path("results/filing/<uuid:pk>/", views.assign, name="assign"),
    path("results/filing/<uuid:pk>/take-back/", views.take_back, name="take_back"),
    path("results/filing/<uuid:pk>/aside/", views.settle, name="settle"),
    path("results/filing/<uuid:pk>/back/", views.bring_back, name="bring_back"),
    path("patients/<uuid:pk>/results/", views.result_list, name="list"),
    path("results/<uuid:pk>/", views.detail, name="detail"),
    path("results/<uuid:pk>/review/", views.review, name="review"),
    path("results/<uuid:pk>/unreview/", views.unreview, name="unreview"),
]
