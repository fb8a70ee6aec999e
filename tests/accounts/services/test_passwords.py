from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts import services
from tenants.scope import tenant_scope

NEW = "seven quiet green kettles"


def test_a_reset_ends_every_session_and_leaves_the_second_factor(alpha, front):
    from accounts.selectors import has_factor

    browser = front.sign_in(alpha, "admin", factor=True)

    with tenant_scope(alpha):
        services.reset_password(browser.person, NEW)
        assert has_factor(browser.person)

    assert not front.is_in(browser)
    front.give_password(browser, "admin@example.com", NEW)
    assert not front.is_in(browser)


def test_a_guessable_new_password_is_refused_and_the_old_one_stays(alpha, front):
    person = front.add(alpha)

    with tenant_scope(alpha):
        with pytest.raises(ValidationError):
            services.set_password(person, "password1234")
        person.refresh_from_db()

        assert person.check_password(front.password)


def test_the_trail_never_sees_a_password(alpha, front):
    from audit.models import Payload

    person = front.add(alpha)
    with tenant_scope(alpha):
        services.set_password(person, NEW)
        bodies = " ".join(Payload.objects.values_list("body", flat=True))

    assert NEW not in bodies
    assert "argon2" not in bodies
