"""URLs of measures: a patient's, the clinic's work list, and the link patients answer on."""

from __future__ import annotations

from django.urls import path

from clinical.measures import clinic_views, listing, public_views, views

app_name = "measures"
urlpatterns = [
    path("patients/<uuid:pk>/measures/", listing.measure_list, name="list"),
    path("patients/<uuid:pk>/measures/new/", views.new, name="new"),
    path("patients/<uuid:pk>/measures/send/", listing.send, name="send"),
    path("patients/<uuid:pk>/measures/repeat/", listing.repeat, name="repeat"),
    path("measures/repeats/<uuid:pk>/stop/", listing.stop, name="stop_repeat"),
    path("patients/<uuid:pk>/measures/<slug:code>/", views.course, name="course"),
    path("patients/<uuid:pk>/measures/<slug:code>/pdf/", views.pdf, name="pdf"),
    path("measures/", clinic_views.due, name="due"),
    path("measures/due.csv", clinic_views.due_file, name="due_file"),
    path("measures/library/", clinic_views.library, name="library"),
    path("measures/links/<uuid:pk>/cancel/", listing.cancel, name="cancel_link"),
    path("measures/<uuid:pk>/", views.detail, name="detail"),
    path("measures/<uuid:pk>/edit/", views.edit, name="edit"),
    path("measures/<uuid:pk>/complete/", views.complete, name="complete"),
    path("measures/<uuid:pk>/correct/", views.correct, name="correct"),
    path("measures/<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("measures/<uuid:pk>/discard/", views.discard, name="discard"),
    path("measures/<uuid:pk>/seen/", views.seen, name="seen"),
    path("settings/measures/", clinic_views.settings, name="settings"),
    path("q/<str:token>/", public_views.answer, name="answer"),
]
