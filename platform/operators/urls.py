from __future__ import annotations

from django.urls import path

from operators.views import clinics, jobs, platform

app_name = "operators"
urlpatterns = [
    path("", clinics.clinic_list, name="clinics"),
    path("clinics/<int:tenant_id>/", clinics.clinic, name="clinic"),
    path("clinics/<int:tenant_id>/figures/", clinics.figures, name="figures"),
    path("clinics/<int:tenant_id>/look/", clinics.look_again, name="look_again"),
    path("clinics/<int:tenant_id>/ask/<slug:kind_name>/", jobs.ask, name="ask_clinic"),
    path("clinics/<int:tenant_id>/flags/<slug:name>/", clinics.switch_flag, name="switch_flag"),
    path("clinics/<int:tenant_id>/plan/", clinics.change_plan, name="change_plan"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/ask/<slug:kind_name>/", jobs.ask, name="ask"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/live/", jobs.job_live, name="job_live"),
    path("jobs/<uuid:job_id>/<slug:verb>/", jobs.decide, name="decide"),
    path("jobs/<uuid:job_id>/result/<str:token>/", jobs.result, name="job_result"),
    path("imports/", platform.imports, name="imports"),
    path("migrations/", platform.migrations, name="migrations"),
    path("self-check/", platform.self_check, name="checks"),
]
