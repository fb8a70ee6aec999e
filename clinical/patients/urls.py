"""URLs below /patients/."""

from __future__ import annotations

from django.urls import path

from clinical.patients import access_views, duplicate_views, list_views, views

app_name = "patients"
urlpatterns = [
    path("", list_views.patient_list, name="list"),
    path("export/", list_views.export, name="export"),
    path("filters/", list_views.save_filter, name="save_filter"),
    path("filters/<uuid:pk>/", list_views.forget_filter, name="forget_filter"),
    path("find/", views.find, name="find"),
    path("new/", views.new, name="new"),
    path("twice/", duplicate_views.pair_list, name="duplicates"),
    path("twice/look/", duplicate_views.look, name="look_for_duplicates"),
    path("twice/looking/", duplicate_views.looking, name="looking_for_duplicates"),
    path("twice/<uuid:pk>/", duplicate_views.pair, name="pair"),
    path("twice/<uuid:pk>/apart/", duplicate_views.apart, name="apart"),
    path("twice/<uuid:pk>/again/", duplicate_views.ask_again, name="ask_again"),
    path("merges/<uuid:pk>/", duplicate_views.merge, name="merge"),
    path("merges/<uuid:pk>/undo/", duplicate_views.unmerge, name="unmerge"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/same-person/", duplicate_views.choose_other, name="choose_other"),
    path("<uuid:pk>/timeline/", views.timeline, name="timeline"),
    path("<uuid:pk>/appointments/", views.appointments, name="appointments"),
    path("<uuid:pk>/former-system/", views.former_system, name="former_system"),
    path("<uuid:pk>/history/", views.history, name="history"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/archive/", views.archive, name="archive"),
    path("<uuid:pk>/coordinators/", access_views.coordinators, name="coordinators"),
]
