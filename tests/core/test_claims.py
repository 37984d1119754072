"""The verifier verified: what is true holds, what is false fails, and what says nothing is an error."""

import json

import keras
import numpy as np
import pytest
from scipy import stats

from mathdl_keras.core import claims
from mathdl_keras.core.claims import (
    ClaimError,
    ClaimSkipped,
    at_most,
    claim,
    close_to,
    distributed_as,
    equals,
    exactly,
    frequencies,
    mean_equals,
    rate,
    verify,
)

U32, U64 = 2.0**-24, 2.0**-53


def make(function, **kwargs):
    settings = {"refuted_by": {"off": {"offset": 1.0}}} | kwargs
    return claim("0.0", "a statement", **settings)(function)


def mean_of_normals(rng, *, offset=0.0, draws=400):
    return mean_equals(rng.standard_normal(draws) + offset, 0.0, label="mean")


def statuses(*cs, **kwargs):
    return [r.status for r in verify(cs, **kwargs)]


def test_a_true_claim_holds_and_its_mutant_is_refuted():
    records = list(verify([make(mean_of_normals)], seeds=range(3), refute=True))
    assert [r.status for r in records] == ["holds", "refuted"] * 3
    assert all(r.good for r in records)
    assert len({r.verdicts[0].measured for r in records}) == 6  # fresh noise for each seed


def test_the_same_seed_gives_the_same_numbers():
    a, b = (next(verify([make(mean_of_normals)], seeds=[7])) for _ in range(2))
    assert a.verdicts == b.verdicts


def test_a_false_claim_fails():
    record = next(verify([make(lambda rng, *, offset=0.5: mean_of_normals(rng, offset=offset))]))
    assert record.status == "fails" and not record.good
    assert "times its tolerance" in record.message


def test_a_mutant_that_survives_is_bad():
    blind = make(lambda rng, *, offset=0.0: mean_of_normals(rng))
    records = list(verify([blind], refute=True))
    assert [r.status for r in records] == ["holds", "survives"]
    assert not records[1].good and "'off'" in records[1].message


def test_a_claim_without_its_oracle_is_skipped_and_says_why():
    def needs_a_sampler(rng, *, offset=0.0):
        raise ClaimSkipped("there is no sampler on this backend")

    records = list(verify([make(needs_a_sampler)], refute=True))
    assert [r.status for r in records] == ["skipped", "skipped"] and all(r.good for r in records)
    assert records[0].message == "there is no sampler on this backend"


def test_a_mutant_that_crashes_is_not_refuted():
    def crashes(rng, *, offset=0.0):
        return mean_of_normals(rng) if offset == 0 else 1 / 0

    assert statuses(make(crashes), refute=True) == ["holds", "error"]


def test_a_claim_must_have_mutants_that_change_its_settings():
    with pytest.raises(ClaimError, match="must have a mutant that refutes it"):
        make(mean_of_normals, refuted_by={})
    with pytest.raises(ClaimError, match=r"must change some of \['offset', 'draws'\]; received \['of'\]"):
        make(mean_of_normals, refuted_by={"typo": {"of": 1.0}})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "verdict",
    [
        lambda x: equals(x, 0.0, roundings=1),
        lambda x: equals(0.0, x, roundings=1),
        lambda x: exactly([x], [1.0]),
        lambda x: mean_equals([x, 1.0], 1.0),
        lambda x: distributed_as([x, 1.0], stats.norm.cdf),
        lambda x: frequencies([x, 1.0], [0.5, 0.5]),
        lambda x: close_to(x, 1.0, relative=0.1),
        lambda x: rate([1, 2], [x, 1], slope=1, within=0.1),
        lambda x: at_most(x, 1.0, sharpness=0.1),
    ],
)
def test_what_is_not_finite_is_an_error(verdict, bad):
    with pytest.raises(ClaimError, match="must be finite"):
        verdict(bad)
    assert statuses(make(lambda rng, *, offset=0: verdict(bad))) == ["error"]


def test_a_claim_that_returns_no_verdict_is_an_error():
    assert statuses(make(lambda rng, *, offset=0: True), make(lambda rng, *, offset=0: [])) == ["error"] * 2


def test_a_float64_claim_insists_on_float64():
    leak = make(lambda rng, *, offset=0: equals(np.float32(1), 1.0, roundings=1), precision="float64")
    record = next(verify([leak]))
    assert record.status == "error" and "must measure in float64; received float32" in record.message
    kept = make(
        lambda rng, *, offset=0.0: equals(keras.ops.sqrt(np.full(1, 2.0)), np.sqrt(2.0) + offset, roundings=2),
        precision="float64",
    )
    assert statuses(kept, refute=True) == ["holds", "refuted"]


def test_equals_counts_roundings_of_the_actual_dtype():
    one32, one64 = np.float32(1), np.float64(1)
    assert equals(one32 + 4 * U32, 1.0, roundings=4).holds
    assert not equals(np.float64(one32) + 4 * U32, 1.0, roundings=4).holds
    assert equals(one64 + 4 * U64, 1.0, roundings=4).holds
    assert not equals(one64 + 6 * U64, 1.0, roundings=4).holds
    assert equals(np.float64(1e6) * (1 + 4 * U64), 1e6, roundings=5, scale=1e6).holds
    with pytest.raises(ClaimError, match=r"shape of measured, \(2,\); received \(3,\)"):
        equals(np.zeros(2), np.zeros(3), roundings=1)


def test_equals_reports_the_worst_entry():
    v = equals(np.array([1.0, 2.0, 3.5]), np.array([1.0, 2.0, 3.0]), roundings=1)
    assert (v.predicted, v.measured, v.error) == (3.0, 3.5, 0.5)
    assert v.margin < 0 and equals(1.0, 1.0, roundings=1).margin == 1


def test_exactly():
    assert exactly(np.arange(3), [0, 1, 2]).holds and exactly(True, True).holds
    assert not exactly(np.arange(3), [0, 1, 3]).holds
    assert not exactly(np.arange(3), [0, 1]).holds and not exactly(4, 5).holds


def test_mean_equals_uses_the_error_it_is_given():
    samples = np.array([0.9, 1.1])
    assert not mean_equals(samples, 1.1, standard_error=0.01).holds
    assert mean_equals(samples, 1.1, standard_error=0.03).holds
    assert mean_equals(np.ones(5), 1.0).holds and not mean_equals(np.ones(5), 1.1).holds


def test_distributed_as_tells_a_normal_from_a_shifted_one():
    x = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
    assert distributed_as(x, stats.norm.cdf).holds
    assert not distributed_as(x + 0.2, stats.norm.cdf).holds


def test_frequencies():
    assert frequencies([250, 250, 500], [0.25, 0.25, 0.5]).holds
    assert not frequencies([300, 200, 500], [0.25, 0.25, 0.5]).holds
    with pytest.raises(ClaimError, match="with sum 1"):
        frequencies([1, 1], [0.5, 0.6])


def test_rate_and_close_to():
    n = np.array([10.0, 100.0, 1000.0])
    assert rate(n, 3 / n**0.5, slope=-0.5, within=1e-9).holds
    assert not rate(n, 3 / n**0.5, slope=-0.6, within=0.05).holds
    assert close_to([1.0, 2.02], [1.0, 2.0], relative=0.02).holds
    assert not close_to([1.0, 2.05], [1.0, 2.0], relative=0.02).holds


def test_at_most_needs_a_bound_that_is_not_vacuous():
    assert at_most([0.9, 1.0], 1.0, sharpness=0.5).holds
    assert not at_most([0.9, 1.1], 1.0, sharpness=0.5).holds
    assert not at_most(0.1, 1.0, sharpness=0.5).holds
    assert not at_most(0.0, 1.0, sharpness=0.5).holds


def test_records_make_a_ledger():
    record = next(verify([make(mean_of_normals)]))
    entry = json.loads(json.dumps(record.as_dict()))
    assert entry["claim_id"].endswith(".mean_of_normals")
    assert entry["verdicts"][0]["holds"] is True and entry["status"] == "holds"
    shown = record.verdicts[0].shown()
    assert shown["label"] == "mean" and shown["meaning"] == "4 SE of 400"


def test_every_verdict_kind_is_documented_with_an_example():
    kinds = [k for k in claims.__all__ if k[0].islower() and k not in ("claim", "discover", "verify")]
    assert len(kinds) == 8 and all(">>>" in getattr(claims, k).__doc__ for k in kinds)
