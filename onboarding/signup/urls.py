from __future__ import annotations

from django.urls import path

from onboarding.signup import views

app_name = "signup"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("status/", views.status_page, name="status"),
    *(
        entry
        for slug in views.TEXTS
        for entry in (
            path(f"{slug}/", views.legal_text, {"slug": slug}, name=slug),
            path(f"{slug}/<str:version>/", views.legal_text, {"slug": slug}, name=f"{slug}-as-of"),
        )
    ),
    path("signup/", views.signup, name="signup"),
    path("signup/address/", views.check, name="address"),
    path("signup/confirm/<str:token>/", views.confirm, name="confirm"),
    path("signup/<uuid:signup_id>/", views.progress, name="progress"),
    path("signup/<uuid:signup_id>/resend/", views.resend, name="resend"),
]
