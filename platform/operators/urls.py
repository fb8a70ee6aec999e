from __future__ import annotations

from django.urls import path

from operators import views

app_name = "operators"
urlpatterns = [
    path("", views.tenant_list, name="tenants"),
    path("tenants/<int:tenant_id>/<slug:verb>/", views.change_state, name="change_state"),
]
