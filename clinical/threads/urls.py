"""URLs of the team's inbox, and of a patient's tab."""

from __future__ import annotations

from django.urls import path

from clinical.threads import views

app_name = "threads"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/new/", views.new, name="new"),
    path("inbox/<uuid:pk>/", views.detail, name="detail"),
    path("inbox/<uuid:pk>/post/", views.post, name="post"),
    path("inbox/<uuid:pk>/task/", views.task, name="task"),
    path("inbox/<uuid:pk>/step/", views.step, name="step"),
    path("inbox/<uuid:pk>/unread/", views.unread, name="unread"),
    path("inbox/<uuid:pk>/people/", views.people, name="people"),
    path("inbox/<uuid:pk>/leave/", views.leave, name="leave"),
    path("inbox/posts/<uuid:pk>/edit/", views.edit, name="edit"),
    path("inbox/files/<uuid:pk>/", views.attachment, name="attachment"),
    path("inbox/files/<uuid:pk>/show/<str:token>/", views.show, name="show"),
    path("patients/<uuid:pk>/team/", views.about, name="about"),
]
