"""URLs of past invoices."""

from __future__ import annotations

from django.urls import path

from billing_integrations.invoices import views

app_name = "invoices"
urlpatterns = [
    path("patients/<uuid:pk>/invoices/", views.invoice_list, name="list"),
    path("invoices/<uuid:pk>/", views.detail, name="detail"),
]
