"""What may be an address, and what looks like one that is taken."""

from __future__ import annotations

import pytest
from django.conf import settings

from onboarding.signup.addresses import check_address, skeleton, suggestions
from tenants.lifecycle import SubdomainError
from tenants.models import Domain
from tenants.scope import public_scope

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

LOOKALIKES = (
    "a1pha", "a-l-pha", "aipha", "al-pha", "alph-a", "bet-a",  # of alpha and beta, that are there
    "adm1n", "l0gin", "0ps", "o-p-s", "w-w-w", "vvvvvv", "supp0rt", "5upport",  # of what is kept
    "xn--alph-53a", "alph\u0430", "\u0430lpha", "\uff41lpha", "alpha.beta", "-alpha", "al", "9lives",
)  # fmt: skip
DIFFERENT = ("alphabet", "beta-north", "gamma", "northside-physio", "alphas-b", "modern-physio")


def test_lookalikes_are_refused_and_others_are_not(alpha, beta):
    allowed = []
    with public_scope():
        for wanted in LOOKALIKES:
            try:
                allowed.append(check_address(wanted))
            except SubdomainError:
                continue
        free = [check_address(wanted) for wanted in DIFFERENT]

    assert (allowed, free) == ([], list(DIFFERENT))


def test_the_pairs_that_are_taken_for_each_other():
    for one, other in (
        ("corner", "comer"), ("vvest", "west"), ("north-side", "northside"), ("physio1", "physiol"),
        ("o2clinic", "02clinic"), ("smiles", "srniles"), ("five5", "fives"),
    ):  # fmt: skip
        assert skeleton(one) == skeleton(other), (one, other)


def test_a_hyphen_anywhere_makes_no_other_address():
    for word in ("northside", "physio1", "vvrnclinic0"):
        written = {f"{word[:place]}-{word[place:]}" for place in range(1, len(word))}
        assert {skeleton(each) for each in written} == {skeleton(word.replace("-", ""))}, word


def test_a_former_address_is_kept_from_others_but_not_from_its_clinic(alpha):
    with public_scope(using="owner"):
        Domain.objects.create(
            domain=f"old-name.{settings.BASE_DOMAIN}", tenant_id=alpha.pk, is_primary=False
        )
        with pytest.raises(SubdomainError, match="taken"):
            check_address("oldname")

        assert check_address("old-name", besides=alpha.pk) == "old-name"


def test_what_is_offered_instead_can_be_had(alpha):
    with public_scope():
        offered = suggestions("alpha")

        assert offered == [check_address(each) for each in offered]
    assert len(offered) == 3
