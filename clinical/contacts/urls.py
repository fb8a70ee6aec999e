"""URLs of the address book and of the people around patients."""

from __future__ import annotations

from django.urls import path

from clinical.contacts import views

app_name = "contacts"
urlpatterns = [
    path("contacts/", views.contact_list, name="list"),
    path("contacts/choices/", views.choices, name="choices"),
    path("contacts/new/", views.new, name="new"),
    path("contacts/<uuid:pk>/", views.detail, name="detail"),
    path("contacts/<uuid:pk>/edit/", views.edit, name="edit"),
    path("contacts/<uuid:pk>/archive/", views.archive, name="archive"),
    path("patients/<uuid:pk>/people/new/", views.new_person, name="new_person"),
    path("patients/<uuid:pk>/people/undo/", views.undo, name="undo"),
    path("people/<uuid:pk>/", views.edit_person, name="edit_person"),
    path("people/<uuid:pk>/remove/", views.remove_person, name="remove_person"),
]
