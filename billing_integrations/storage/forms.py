from __future__ import annotations

from urllib.parse import urlsplit

from django import forms
from django.core.validators import RegexValidator

from ports.addresses import HostNameError, host_name


class BucketForm(forms.Form):
    """A bucket of the clinic's own, at Amazon or at any store that speaks S3."""

    bucket = forms.CharField(
        label="Bucket",
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "This is no name of a bucket.")
        ],
    )
    region = forms.CharField(
        label="Region",
        initial="ap-southeast-2",
        validators=[RegexValidator(r"^[a-z0-9-]{2,40}$", "This is no name of a region.")],
        help_text="ap-southeast-2 is Sydney.",
    )
    endpoint = forms.CharField(
        label="Address of the store",
        required=False,
        max_length=300,
        help_text="Only where it is not Amazon's, such as https://s3.example.com.",
    )
    folder = forms.CharField(
        label="Folder in the bucket",
        required=False,
        max_length=200,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", "Letters, digits, - and _, parted by /."
            )
        ],
    )
    key_id = forms.CharField(
        label="Access key",
        max_length=128,
        validators=[RegexValidator(r"^[A-Za-z0-9_./+=@-]+$", "This is no access key.")],
        help_text="Of a user that may do nothing but read, write, list and delete in this bucket.",
    )
    secret_key = forms.CharField(
        label="Secret key",
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted.",
    )
    kms_key = forms.CharField(
        label="KMS key",
        required=False,
        max_length=200,
        validators=[RegexValidator(r"^[A-Za-z0-9:/_-]+$", "This is no KMS key.")],
        help_text="Where the files are to be encrypted with a key of your own.",
    )

    def clean_endpoint(self) -> str:
        text = str(self.cleaned_data["endpoint"]).strip().rstrip("/")
        if not text:
            return ""
        problem = forms.ValidationError(
            "Write it like https://s3.example.com, and nothing behind it."
        )
        try:
            parts = urlsplit(text)
            port = parts.port
            host = host_name(parts.hostname or "")
        except (ValueError, HostNameError):
            raise problem from None
        is_plain = not (parts.username or parts.path or parts.query or parts.fragment)
        if parts.scheme not in {"https", "http"} or not is_plain:
            raise problem
        host = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
