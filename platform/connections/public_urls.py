from __future__ import annotations

from django.urls import path

from connections import views

app_name = "oauth"
urlpatterns = [
    path("<slug:provider>/callback/", views.public_callback, name="callback"),
]
