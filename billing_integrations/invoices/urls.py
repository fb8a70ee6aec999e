"""URLs of invoices, payments and the price list."""

from __future__ import annotations

from django.urls import path

from billing_integrations.invoices import (
    money_views,
    payment_views,
    setting_views,
    views,
    visit_views,
)

app_name = "invoices"
_ONE = "invoices/<uuid:pk>/"
_PAYMENT = "payments/<uuid:pk>/"
_SETTINGS = "settings/billing/"
urlpatterns = [
    path("patients/<uuid:pk>/invoices/", views.invoice_list, name="list"),
    path("patients/<uuid:pk>/invoices/new/", views.new, name="new"),
    path("patients/<uuid:pk>/payer/", setting_views.payer, name="payer"),
    path("patients/payer/<uuid:pk>/remove/", setting_views.forget_payer, name="forget_payer"),
    path("invoices/", views.bills, name="bills"),
    path("invoices/to-charge/", visit_views.to_charge, name="to_charge"),
    path("invoices/charge/<uuid:pk>/", visit_views.charge, name="charge"),
    path("invoices/waive/<uuid:pk>/", visit_views.waive, name="waive"),
    path("invoices/batches/<uuid:pk>/", visit_views.batch, name="batch"),
    path("invoices/debtors/", money_views.aged, name="debtors"),
    path("invoices/debtors/file.<slug:kind>", money_views.aged_file, name="debtors_file"),
    path("invoices/mails/<uuid:pk>/again/", views.mail_again, name="mail_again"),
    path("invoices/take-back/<slug:kind>/<uuid:pk>/", payment_views.take_back, name="take_back"),
    path(_ONE, views.detail, name="detail"),
    path(f"{_ONE}edit/", views.edit, name="edit"),
    path(f"{_ONE}issue/", views.issue, name="issue"),
    path(f"{_ONE}delete/", views.delete, name="delete"),
    path(f"{_ONE}void/", views.void, name="void"),
    path(f"{_ONE}mail/", views.mail, name="mail"),
    path(f"{_ONE}pay/", views.pay, name="pay"),
    path(f"{_ONE}use-credit/", views.use_credit, name="use_credit"),
    path(f"{_ONE}write-off/", views.write_off, name="write_off"),
    path(f"{_ONE}credit/", payment_views.credit, name="credit"),
    path(f"{_ONE}invoice.pdf", views.pdf, name="pdf"),
    path("credit-notes/<uuid:pk>.pdf", payment_views.credit_note, name="credit_note"),
    path("payments/", money_views.takings, name="takings"),
    path("payments/from/<slug:kind>/<uuid:pk>/", payment_views.receive, name="receive"),
    path(_PAYMENT, payment_views.payment, name="payment"),
    path(f"{_PAYMENT}receipt.pdf", payment_views.receipt, name="receipt"),
    path(f"{_PAYMENT}mail/", payment_views.mail_receipt, name="mail_receipt"),
    path(f"{_PAYMENT}void/", payment_views.void_payment, name="void_payment"),
    path("payments/refund/<slug:kind>/<uuid:pk>/", payment_views.refund, name="refund"),
    path("statements/<slug:kind>/<uuid:pk>/", money_views.statement, name="statement"),
    path(
        "statements/<slug:kind>/<uuid:pk>/mail/", money_views.mail_statement, name="mail_statement"
    ),
    path(_SETTINGS, setting_views.details, name="settings"),
    path(f"{_SETTINGS}prices/", setting_views.prices, name="prices"),
    path(f"{_SETTINGS}prices/new/", setting_views.new_item, name="new_item"),
    path(f"{_SETTINGS}prices/<uuid:pk>/", setting_views.edit_item, name="edit_item"),
    path(f"{_SETTINGS}visits/", setting_views.visit_items, name="visit_items"),
    path(f"{_SETTINGS}visits/<uuid:pk>/remove/", setting_views.forget_item, name="forget_item"),
    path(f"{_SETTINGS}fees/", setting_views.fees, name="fees"),
    path(f"{_SETTINGS}fees/new/", setting_views.new_fee, name="new_fee"),
    path(f"{_SETTINGS}fees/<uuid:pk>/", setting_views.edit_fee, name="edit_fee"),
    path(f"{_SETTINGS}fees/<uuid:pk>/remove/", setting_views.remove_fee, name="remove_fee"),
    path(f"{_SETTINGS}payers/", setting_views.funding_payers, name="funding_payers"),
]
