"""The one mail of a sign-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from onboarding.signup.links import link_of, public_url
from onboarding.subscription.offer import offer

if TYPE_CHECKING:
    from onboarding.signup.models import Signup


def confirmation(signup: Signup) -> EmailMultiAlternatives:
    """Write the mail with the link. It names nothing but what its reader has typed."""
    subject = " ".join(f"Confirm your address to set up {signup.clinic_name}".split())
    context = {
        "signup": signup,
        "link": link_of(signup.pk),
        "hours": offer().sign_up.link_hours,
        "url": public_url(),
        "subject": subject,
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("signup/mail/confirm.txt", context),
        to=[signup.email],
    )
    message.attach_alternative(render_to_string("signup/mail/confirm.html", context), "text/html")
    return message
