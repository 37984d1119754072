"""Every claim of chapter 4 holds and every mutant is refuted, on the backend at hand."""

import pytest

from mathdl_keras.core.claims import discover

CLAIMS = discover("ch04")
MUTANTS = [pytest.param(c, m, id=f"{c.name}-{m}") for c in CLAIMS for m in c.refuted_by]


def test_the_chapter_has_its_nine_claims():
    assert len(CLAIMS) == 9


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.name)
def test_claim_holds(claim):
    for verdict in claim.run():
        assert verdict.holds, verdict


@pytest.mark.parametrize(("claim", "mutant"), MUTANTS)
def test_mutant_is_refuted(claim, mutant):
    assert not all(verdict.holds for verdict in claim.run(mutant=mutant))
