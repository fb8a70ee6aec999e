"""Data keys wrapped by a key management service (AWS KMS), which never hands its own key out.

Region and credentials are boto3's own: `AWS_REGION`, a role, `AWS_ENDPOINT_URL_KMS` where it is another's.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tenants.keyring import KeyMissingError, VaultError

PREFIX = "kms:"
_SECONDS = 10
_ATTEMPTS = 3


class KmsUnavailableError(VaultError):
    """The service does not answer, or does not let us; trying again may help."""


class KmsWrapper:
    """One key of the service, by id, ARN or alias."""

    def __init__(self, key: str) -> None:
        self._key = key

    @property
    def current(self) -> str:
        return PREFIX + self._key

    def wrap(self, key: bytes, *, context: str) -> bytes:
        answer = self._call(
            "encrypt", KeyId=self._key, Plaintext=key, EncryptionContext={"nexus": context}
        )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, *, wrapped_by: str, context: str) -> bytes:
        answer = self._call(
            "decrypt",
            KeyId=wrapped_by.removeprefix(PREFIX),
            CiphertextBlob=wrapped,
            EncryptionContext={"nexus": context},
        )
        return bytes(answer["Plaintext"])

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        settings = Config(
            connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"max_attempts": _ATTEMPTS}
        )
        return boto3.client("kms", config=settings)

    def _call(self, verb: str, **asked: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, verb)(**asked)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in {"InvalidCiphertextException", "IncorrectKeyException"}:
                raise VaultError(
                    "A data key does not open with the key management service: the row was changed, "
                    "or belongs to another clinic or another key."
                ) from None
            if code in {"NotFoundException", "DisabledException", "KMSInvalidStateException"}:
                raise KeyMissingError(
                    f"The key management service has no usable key {self._key} ({code})."
                ) from None
            raise KmsUnavailableError(
                f"The key management service refused ({code}). Its policy must allow kms:Encrypt "
                "and kms:Decrypt to this process."
            ) from None
        except BotoCoreError as error:
            raise KmsUnavailableError(
                f"The key management service cannot be reached ({type(error).__name__})."
            ) from None
        return answer
