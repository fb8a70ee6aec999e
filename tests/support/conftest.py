"""A clinic with an owner and a patient, an operator, and the way from the one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

if TYPE_CHECKING:
    from support.models import Access


@dataclass
class Desk:
    """An operator's browser, an owner's, and what goes on between them."""

    clinic: Any
    owner: Any
    operator: Any

    def asked(self, mode: str = "reads", minutes: int = 60) -> Access:
        words = {"reason": "The diary shows no colours", "mode": mode, "minutes": minutes}
        response = self.operator.post(f"/support/clinics/{self.clinic.pk}/ask/", words)
        assert response.status_code == 302, response.text
        return self.latest()

    def granted(self, mode: str = "reads", minutes: int = 60) -> Access:
        access = self.asked(mode, minutes)
        answer = {"action": "grant", "mode": mode, "minutes": minutes}
        assert self.owner.post(f"/settings/support/{access.pk}/answer/", answer).status_code == 302
        return self.latest()

    def link(self, access: Access) -> str:
        """Answer the path of a hand-over link, with its token."""
        response = self.operator.post(f"/support/{access.pk}/enter/")
        assert response.status_code == 302, response.text
        target = urlsplit(response.headers["Location"])
        assert target.hostname == self.clinic.host, response.headers["Location"]
        return f"{target.path}?{target.query}"

    def entered(self, access: Access) -> Client:
        visitor, path = Client(headers={"host": self.clinic.host}), self.link(access)
        assert visitor.get(path).status_code == 200
        assert visitor.post(path).headers.get("Location") == "/"
        return visitor

    def latest(self) -> Access:
        from support.models import Access
        from tenants.scope import tenant_scope

        with tenant_scope(self.clinic):
            return Access.objects.first()

    def trail(self) -> list[tuple[str, str, str]]:
        """Answer action, who, and by whose leave, of the clinic's own trail, oldest first."""
        from audit.models import Event
        from tenants.scope import tenant_scope

        with tenant_scope(self.clinic):
            return list(
                Event.objects.order_by("id").values_list("action", "actor_label", "impersonator")
            )


@pytest.fixture
def desk(committed, alpha, sign_in) -> Desk:
    return Desk(alpha, sign_in(alpha, "owner"), sign_in(None, "operator"))
