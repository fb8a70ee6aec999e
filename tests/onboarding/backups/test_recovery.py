"""A real server is destroyed and brought back to a moment: see benchmarks/recovery.py for the figures."""

from __future__ import annotations

from onboarding.backups import recovery


def test_a_server_is_brought_back_to_the_moment_before_the_disaster():
    proof = recovery.prove(rows=2_000, with_crash=False, durable=False)

    assert proof.ok
    assert (proof.rows_at_the_moment, proof.rows_recovered) == (2_000, 2_000)
    assert proof.rows_after_the_disaster == 1_334
