"""Every claim of every chapter holds, and every mutant is refuted, on the backend at hand."""

import pytest

from mathdl_keras.core.chapters import CHAPTERS
from mathdl_keras.core.claims import ClaimSkipped, discover

# How many claims a chapter has: one that is no longer discovered is missed.
COUNTS = {
    "ch01": 6,
    "ch02": 8,
    "ch03": 10,
    "ch04": 9,
    "ch05": 10,
    "ch06": 6,
    "ch07": 9,
    "ch08": 6,
    "ch09": 10,
    "ch10": 8,
    "ch11": 8,
    "ch12": 8,
    "ch13": 15,
    "ch14": 10,
    "ch15": 11,
}
CLAIMS = {chapter: discover(chapter) for chapter in COUNTS}
ALL = [pytest.param(c, id=f"{chapter}-{c.name}") for chapter, claims in CLAIMS.items() for c in claims]
MUTANTS = [
    pytest.param(c, mutant, id=f"{chapter}-{c.name}-{mutant}")
    for chapter, claims in CLAIMS.items()
    for c in claims
    for mutant in c.refuted_by
]


def test_every_chapter_that_is_ready_has_its_claims():
    assert {chapter.name for chapter in CHAPTERS if chapter.ready} == set(COUNTS)
    assert {chapter: len(claims) for chapter, claims in CLAIMS.items()} == COUNTS


@pytest.mark.parametrize("claim", ALL)
def test_claim_holds(claim):
    for verdict in run(claim):
        assert verdict.holds, verdict


@pytest.mark.parametrize(("claim", "mutant"), MUTANTS)
def test_mutant_is_refuted(claim, mutant):
    assert not all(verdict.holds for verdict in run(claim, mutant))


def run(claim, mutant=None):
    try:
        return claim.run(mutant=mutant)
    except ClaimSkipped as reason:
        pytest.skip(str(reason))
