from __future__ import annotations

from django.urls import path

from operators.views import announcements, api, clinics, jobs, keys, platform

app_name = "operators"
urlpatterns = [
    path("", clinics.clinic_list, name="clinics"),
    path("clinics/<int:tenant_id>/", clinics.clinic, name="clinic"),
    path("clinics/<int:tenant_id>/figures/", clinics.figures, name="figures"),
    path("clinics/<int:tenant_id>/look/", clinics.look_again, name="look_again"),
    path("clinics/<int:tenant_id>/ask/<slug:kind_name>/", jobs.ask, name="ask_clinic"),
    path("clinics/<int:tenant_id>/flags/<slug:name>/", clinics.switch_flag, name="switch_flag"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/ask/<slug:kind_name>/", jobs.ask, name="ask"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/live/", jobs.job_live, name="job_live"),
    path("jobs/<uuid:job_id>/<slug:verb>/", jobs.decide, name="decide"),
    path("jobs/<uuid:job_id>/result/<str:token>/", jobs.result, name="job_result"),
    path("imports/", platform.imports, name="imports"),
    path("migrations/", platform.migrations, name="migrations"),
    path("self-check/", platform.self_check, name="checks"),
    path("announcements/", announcements.announcement_list, name="announcements"),
    path("announcements/new/", announcements.announce, name="announce"),
    path(
        "announcements/<uuid:announcement_id>/", announcements.announce, name="change_announcement"
    ),
    path("announcements/<uuid:announcement_id>/withdraw/", announcements.withdraw, name="withdraw"),
    path("tokens/", keys.token_list, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", keys.revoke_token, name="revoke_token"),
    path("networks/", keys.network_list, name="networks"),
    path("networks/<int:network_id>/disallow/", keys.disallow_network, name="disallow_network"),
    path("api/v1/kinds/", api.kinds, name="api_kinds"),
    path("api/v1/clinics/", api.clinics, name="api_clinics"),
    path("api/v1/clinics/<int:tenant_id>/", api.clinic, name="api_clinic"),
    path("api/v1/clinics/<int:tenant_id>/jobs/", api.clinic_jobs, name="api_clinic_jobs"),
    path("api/v1/jobs/", api.all_jobs, name="api_jobs"),
    path("api/v1/jobs/<uuid:job_id>/", api.job, name="api_job"),
    path("api/v1/jobs/<uuid:job_id>/<slug:verb>/", api.job_verb, name="api_job_verb"),
]
