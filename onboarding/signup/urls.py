from __future__ import annotations

from django.urls import path

from onboarding.signup import views

app_name = "signup"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("signup/", views.signup, name="signup"),
    path("signup/address/", views.check_address, name="address"),
    path("signup/<uuid:signup_id>/", views.progress, name="progress"),
]
