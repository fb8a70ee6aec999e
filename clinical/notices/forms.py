"""What a browser says of itself when it asks to be told."""

from __future__ import annotations

from django import forms

from clinical.notices.delivery import LONGEST_ENDPOINT


class SubscriptionForm(forms.Form):
    endpoint = forms.CharField(max_length=LONGEST_ENDPOINT)
    public_key = forms.CharField(max_length=200)
    auth_secret = forms.CharField(max_length=100)


class EndpointForm(forms.Form):
    endpoint = forms.CharField(max_length=LONGEST_ENDPOINT)
