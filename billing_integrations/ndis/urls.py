"""URLs of price limits, claims to the NDIA, plan managers' invoices and claim statements."""

from __future__ import annotations

from django.urls import path

from billing_integrations.ndis import (
    claim_views,
    plan_manager_views,
    settings_views,
    statement_views,
)

app_name = "ndis"
urlpatterns = [
    path("settings/ndis/", settings_views.page, name="settings"),
    path("settings/ndis/regions/", settings_views.regions, name="regions"),
    path("settings/ndis/prices/", settings_views.upload, name="upload"),
    path("settings/ndis/prices/<uuid:pk>/", settings_views.price_list, name="price_list"),
    path("settings/ndis/prices/<uuid:pk>/use/", settings_views.use, name="use"),
    path("settings/ndis/prices/<uuid:pk>/discard/", settings_views.discard, name="discard"),
    path("billing/ndis/", claim_views.claims, name="claims"),
    path("billing/ndis/files/", claim_views.batches, name="batches"),
    path("billing/ndis/files/new/", claim_views.make, name="make"),
    path("billing/ndis/files/<uuid:pk>/", claim_views.batch, name="batch"),
    path("billing/ndis/files/<uuid:pk>/download/", claim_views.download, name="download"),
    path("billing/ndis/files/<uuid:pk>/sent/", claim_views.sent, name="sent"),
    path("billing/ndis/files/<uuid:pk>/withdraw/", claim_views.withdraw, name="withdraw"),
    path("billing/ndis/files/<uuid:pk>/refused/", claim_views.refused, name="refused"),
    path("billing/ndis/lines/<uuid:pk>/", claim_views.line, name="line"),
    path("billing/ndis/answers/", claim_views.answers, name="answers"),
    path("billing/ndis/answers/<uuid:pk>/", claim_views.answer, name="answer"),
    path("billing/plan-managers/", plan_manager_views.page, name="plan_managers"),
    path("billing/plan-managers/<uuid:pk>/send/", plan_manager_views.send, name="send"),
    path("invoices/<uuid:pk>/claim-statement/", statement_views.statement, name="statement"),
]
