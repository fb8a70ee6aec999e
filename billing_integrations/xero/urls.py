"""URLs of a clinic's Xero."""

from __future__ import annotations

from django.urls import path

from billing_integrations.xero import views

app_name = "xero"
urlpatterns = [
    path("", views.booking, name="settings"),
    path("read/", views.read_chart, name="read_chart"),
    path("check/", views.check, name="check"),
    path("check/now/", views.check_now, name="check_now"),
    path("contacts/", views.contacts, name="contacts"),
    path("contacts/match/", views.match_contacts, name="match_contacts"),
    path("runs/<uuid:pk>/", views.run_state, name="run_state"),
    path("invoices/<uuid:pk>/", views.invoice_state, name="invoice"),
    path("invoices/<uuid:pk>/again/", views.send_again, name="send_again"),
]
