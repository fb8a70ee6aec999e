from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clinical.notices.encryption import (
    CURVE,
    KeyMaterialError,
    browsers_key,
    encoded,
    plain,
    public_point,
    sealed,
    signing_key,
)


def test_the_example_of_rfc_8291_comes_out_to_the_letter():
    number = int.from_bytes(plain("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")

    body = sealed(
        b"When I grow up, I want to be a watermelon",
        public_key=(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth_secret="BTBZMqHH6r4Tts7J_aSIgg",
        salt=plain("DGv6ra1nlYgDCS1FRnbzlw"),
        ours=ec.derive_private_key(number, CURVE),
    )

    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_installations_key_is_the_same_each_time():
    secret = encoded(bytes(range(32)))

    first = public_point(signing_key(secret))
    signing_key.cache_clear()

    assert public_point(signing_key(secret)) == first


@pytest.mark.parametrize(
    "key", ["", "x", "!!!", encoded(b"\x04" + b"\x01" * 64), encoded(b"\0" * 65)]
)
def test_what_is_no_key_of_a_browser_is_refused(key):
    with pytest.raises(KeyMaterialError):
        browsers_key(key)
