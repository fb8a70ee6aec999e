"""URLs of a clinic's host."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

import audit.urls
from accounts.permissions import Action, Resource, requires
from clinical.appointments.views import home
from clinical.practice.settings_views import settings_index
from ui.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them

urlpatterns = [
    path("", home, name="home"),
    path("reports/", include("clinical.reports.urls")),
    path("appointments/", include("clinical.appointments.urls")),
    path("patients/", include("clinical.patients.urls")),
    path("", include("clinical.contacts.urls")),
    path("", include("clinical.search.urls")),
    path("", include("clinical.notes.urls")),
    path("", include("clinical.documents.urls")),
    path("", include("clinical.letters.urls")),
    path("", include("clinical.referrals.urls")),
    path("", include("clinical.funding.urls")),
    path("", include("clinical.consents.urls")),
    path("", include("clinical.messages.urls")),
    path("", include("clinical.measures.urls")),
    path("notices/", include("clinical.notices.urls")),
    path("", include("clinical.threads.urls")),
    path("", include("clinical.recalls.urls")),
    path("", include("clinical.problems.urls")),
    path("", include("clinical.plans.urls")),
    path("", include("clinical.pathology.urls")),
    path("", include("clinical.rights.urls")),
    path("", include("clinical.decision_support.urls")),
    path("", include("billing_integrations.invoices.urls")),
    path("settings/integrations/xero/", include("billing_integrations.xero.urls")),
    path("", include("billing_integrations.ndis.urls")),
    path("", include("billing_integrations.sms.urls")),
    path("settings/", settings_index, name="settings"),
    path("settings/practice/", include("clinical.practice.urls")),
    path("settings/integrations/", include("connections.urls")),
    path("settings/mail/", include("billing_integrations.mailboxes.urls")),
    path("settings/files/", include("billing_integrations.storage.urls")),
    path("settings/data/connection/", include("onboarding.imports.connection.urls")),
    path("settings/data/", include("onboarding.imports.data_urls")),
    path("settings/data/import/", include("onboarding.imports.urls")),
    path("settings/data/export/", include("onboarding.takeout.urls")),
    path("settings/clinic/", include("onboarding.subscription.urls")),
    path("settings/data/demo/", include("onboarding.demo_data.urls")),
    path("settings/setup/", include("onboarding.checklist.urls")),
    path("", include("support.urls")),
    path("", include("accounts.urls")),
    path("", include("announcements.urls")),
    path("", include("passkeys.urls")),
    path("", include("ui.pwa_urls")),
    path("audit/", include(audit.urls.behind(requires(Action.VIEW, Resource.AUDIT)))),
]
if settings.DEBUG:
    urlpatterns.append(path("", include("ui.urls")))
