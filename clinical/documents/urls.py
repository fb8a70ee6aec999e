"""URLs of files: a patient's, each by itself, and those that belong to nobody."""

from __future__ import annotations

from django.urls import path

from clinical.documents import upload_views, views

app_name = "documents"
urlpatterns = [
    path("patients/<uuid:pk>/documents/", views.document_list, name="list"),
    path("patients/<uuid:pk>/documents/upload/", upload_views.create_upload, name="upload"),
    path("patients/<uuid:pk>/documents/export/", views.export, name="export"),
    path("documents/uploads/<uuid:pk>/", upload_views.upload_part, name="upload_part"),
    path("documents/unlinked/", views.unlinked, name="unlinked"),
    path("documents/unlinked/assign/", views.assign, name="assign"),
    path("documents/<uuid:pk>/", views.detail, name="detail"),
    path("documents/<uuid:pk>/edit/", views.edit, name="edit"),
    path("documents/<uuid:pk>/archive/", views.archive, name="archive"),
    path("documents/<uuid:pk>/restore/", views.restore, name="restore"),
    path("documents/<uuid:pk>/save/", views.save, name="save"),
    path("documents/<uuid:pk>/stack/", views.stack, name="stack"),
    path("documents/<uuid:pk>/show/<str:token>/", views.show, name="show"),
    path("documents/<uuid:pk>/preview/<str:token>/", views.preview, name="preview"),
    path("documents/<uuid:pk>/download/<str:token>/", views.download, name="download"),
]
