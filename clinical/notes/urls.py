"""URLs of notes: a patient's, each by itself, their templates, supervision."""

from __future__ import annotations

from django.urls import path

from clinical.notes import cosign_views, template_views, views

app_name = "notes"
urlpatterns = [
    path("patients/<uuid:pk>/notes/", views.note_list, name="list"),
    path("patients/<uuid:pk>/notes/new/", views.new, name="new"),
    path("notes/cosign/", cosign_views.cosign_list, name="cosign_list"),
    path("notes/<uuid:pk>/", views.detail, name="detail"),
    path("notes/<uuid:pk>/edit/", views.edit, name="edit"),
    path("notes/<uuid:pk>/copy-forward/", views.copy_forward, name="copy_forward"),
    path("notes/<uuid:pk>/sign/", views.sign, name="sign"),
    path("notes/<uuid:pk>/amend/", views.amend, name="amend"),
    path("notes/<uuid:pk>/discard/", views.discard, name="discard"),
    path("notes/<uuid:pk>/pdf/", views.pdf, name="pdf"),
    path("notes/<uuid:pk>/cosign/", cosign_views.cosign, name="cosign"),
    path("notes/<uuid:pk>/return/", cosign_views.give_back, name="return"),
    path("settings/notes/", template_views.template_list, name="templates"),
    path("settings/notes/new/", template_views.new, name="new_template"),
    path("settings/notes/preview/", template_views.preview, name="preview"),
    path("settings/notes/standard/", template_views.standard, name="standard_templates"),
    path("settings/notes/defaults/", template_views.defaults, name="defaults"),
    path("settings/notes/supervision/", cosign_views.supervision, name="supervision"),
    path("settings/notes/<uuid:pk>/", template_views.edit, name="edit_template"),
]
