"""Densities, divergences, bounds and estimators against TensorFlow Probability's NumPy substrate and by hand."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch15.bounds import FORMS, elbo, elbo_samples
from mathdl_keras.chapters.ch15.gaussians import (
    DiagonalGaussian,
    FullGaussian,
    bernoulli_log_density,
    gaussian_log_density,
    kl_diagonal_gaussians,
)
from mathdl_keras.chapters.ch15.sampling import (
    GaussianSampling,
    reparameterized_gradient,
    score_function_gradient,
)
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, float64

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tensorflow_probability.substrates import numpy as tfp

RNG = np.random.default_rng(151)
M1, LV1, M2, LV2, X = RNG.standard_normal((5, 4, 3))
BITS = RNG.uniform(size=(4, 3))
L = np.linalg.cholesky(np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]]))


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


def normal(mean, log_variance):
    return tfp.distributions.Independent(tfp.distributions.Normal(mean, np.exp(log_variance / 2)), 1)


def test_densities_and_divergences_are_those_of_tfp_in_float64():
    known = [
        normal(M1, LV1).log_prob(X),
        tfp.distributions.Independent(tfp.distributions.Bernoulli(logits=M1), 1).log_prob(BITS.round()),
        tfp.distributions.kl_divergence(normal(M1, LV1), normal(M2, LV2)),
        tfp.distributions.kl_divergence(normal(M1, LV1), normal(0 * M1, 0 * M1)),
    ]
    with float64():
        found = compiled(
            lambda: [
                gaussian_log_density(X, M1, LV1),
                bernoulli_log_density(BITS.round(), M1),
                kl_diagonal_gaussians(M1, LV1, M2, LV2),
                DiagonalGaussian(M1, LV1).kl_to_standard(),
            ]
        )()
        assert {dtype_of(value) for value in found} == {"float64"}
        found = list(map(numpy, found))
    for value, expected in zip(found, known, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-13)


def test_gaussians_draw_by_their_formula_and_know_their_density_entropy_and_divergence():
    noise = RNG.standard_normal((6, 3))
    scales = np.diag(np.exp(LV1[0] / 2)), L
    standard = tfp.distributions.MultivariateNormalTriL(np.zeros(3), np.eye(3))
    draws = M1[0] + np.exp(LV1[0] / 2) * noise, M1[0] + noise @ L.T
    with float64():

        def everything(noise):
            own = DiagonalGaussian(M1[0], LV1[0]), FullGaussian(M1[0], L)
            return [(q.sample(noise), q.log_density(q.sample(noise)), q.entropy(), q.kl_to_standard()) for q in own]

        found = keras.tree.map_structure(numpy, compiled(everything)(ops.convert_to_tensor(noise)))
    for (z, density, entropy, kl), scale, drawn in zip(found, scales, draws, strict=True):
        np.testing.assert_allclose(z, drawn, rtol=1e-12)
        known = stats.multivariate_normal(M1[0], scale @ scale.T)
        np.testing.assert_allclose(density, known.logpdf(drawn), rtol=1e-12)
        np.testing.assert_allclose(entropy, known.entropy(), rtol=1e-12)
        peer = tfp.distributions.MultivariateNormalTriL(M1[0], scale)  # right to 1e-9 only
        np.testing.assert_allclose(kl, tfp.distributions.kl_divergence(peer, standard), rtol=1e-8)


def test_each_form_of_the_bound_is_its_formula_draw_by_draw():
    noise = RNG.standard_normal((5, 4, 3))
    z = M1 + np.exp(LV1 / 2) * noise
    prior, q = normal(0 * M1, 0 * M1), normal(M1, LV1)
    likelihood = -np.sum((z - X) ** 2, axis=-1)
    known = {
        "analytic_kl": likelihood - tfp.distributions.kl_divergence(q, prior),
        "analytic_entropy": likelihood + prior.log_prob(z) + q.entropy(),
        "full_mc": likelihood + prior.log_prob(z) - q.log_prob(z),
    }
    assert set(known) == set(FORMS)
    with float64():
        joint = lambda z: gaussian_log_density(z) - ops.sum((z - ops.convert_to_tensor(X)) ** 2, axis=-1)  # noqa: E731
        run = compiled(lambda e: [elbo_samples(joint, DiagonalGaussian(M1, LV1), e, form) for form in FORMS])
        found = dict(zip(FORMS, map(numpy, run(ops.convert_to_tensor(noise))), strict=True))
    for form in FORMS:
        np.testing.assert_allclose(found[form], known[form], rtol=1e-12)


def test_the_bound_repeats_with_its_seed_and_refuses_what_it_does_not_know():
    q = DiagonalGaussian(M1.astype("float32"), LV1.astype("float32"))
    first, again, other = (numpy(elbo(gaussian_log_density, q, 3, "full_mc", seed)) for seed in (1, 1, 2))
    assert first.shape == (4,) and np.array_equal(first, again) and not np.allclose(first, other)
    with pytest.raises(ValueError, match="form must be one of analytic_kl, analytic_entropy, full_mc; received"):
        elbo(gaussian_log_density, q, form="exact")
    with pytest.raises(ValueError, match="samples must be an integer >= 1; received samples=0"):
        elbo(gaussian_log_density, q, 0)


def test_estimators_are_the_derivatives_of_one_draw_and_of_the_density():
    """f = sum of cubes: 3 z^2 through the draw; f (z - m)/s^2, the score, by central differences of log q."""
    noise, h = RNG.standard_normal((6, 3)), 1e-5
    m, lv = M1[0], LV1[0]
    z = m + np.exp(lv / 2) * noise
    score = [
        np.stack(
            [
                (normal(m + h * a * e, lv + h * b * e).log_prob(z) - normal(m - h * a * e, lv - h * b * e).log_prob(z))
                / (2 * h)
                for e in np.eye(3)
            ],
            axis=-1,
        )
        for a, b in ((1, 0), (0, 1))
    ]
    f = lambda z: ops.sum(z**3, axis=-1)  # noqa: E731
    with float64():
        run = compiled(lambda e: [g(f, m, lv, e) for g in (reparameterized_gradient, score_function_gradient)])
        path, by_score = keras.tree.map_structure(numpy, run(ops.convert_to_tensor(noise)))
    np.testing.assert_allclose(path[0], 3 * z**2, rtol=1e-12)
    np.testing.assert_allclose(path[1], 3 * z**2 * (z - m) / 2, rtol=1e-12)
    for found, known in zip(by_score, score, strict=True):
        np.testing.assert_allclose(found, (z**3).sum(-1, keepdims=True) * known, rtol=1e-5, atol=1e-7)


def test_the_sampling_layer_has_the_moments_it_is_given_and_its_noise_is_seeded():
    mean, log_variance = np.full((4000, 2), 3.0, "float32"), np.full((4000, 2), np.log(0.25), "float32")
    first, again, other = (GaussianSampling(seed)([mean, log_variance]) for seed in (1, 1, 2))
    z = numpy(first)
    assert np.array_equal(z, numpy(again)) and not np.array_equal(z, numpy(other))
    assert abs(z.mean() - 3) < 4 * 0.5 / np.sqrt(8000) and abs(z.std() - 0.5) < 4 * 0.5 / np.sqrt(16_000)


def test_the_sampling_layer_in_a_model_is_saved_and_built_without_a_batch(tmp_path):
    inputs = [keras.Input((2,)), keras.Input((2,))]
    model = keras.Model(inputs, GaussianSampling(seed=3)(inputs))
    assert model.output_shape == (None, 2)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[-1].seed == 3
    half = GaussianSampling(dtype="mixed_bfloat16")
    assert dtype_of(half([np.ones((2, 2), "float32")] * 2)) == "bfloat16"
    with pytest.raises(ValueError, match="inputs must be a mean and a log-variance of equal shapes"):
        GaussianSampling()([np.ones((2, 2), "float32"), np.ones((2, 3), "float32")])
