"""The game on atoms, against TensorFlow Probability's NumPy substrate, SciPy and finite differences."""

import numpy as np
import pytest
from keras import ops
from scipy.spatial.distance import jensenshannon
from tensorflow_probability.substrates import numpy as tfp

from mathdl_keras.chapters.ch15.games import gan_value_function, jensen_shannon, optimal_discriminator
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, float64

RNG = np.random.default_rng(153)
P, Q = RNG.dirichlet(np.ones(6), size=(2, 4))
P[0, 2] = Q[1, 3] = P[2, 4] = Q[2, 4] = 0  # atoms of one, and of none
P, Q = (a / a.sum(axis=1, keepdims=True) for a in (P, Q))


def test_divergence_against_two_libraries():
    with float64():
        found = compiled(jensen_shannon)(*map(ops.convert_to_tensor, (P, Q)))
        assert dtype_of(found) == "float64"
        found = ops.convert_to_numpy(found)
    np.testing.assert_allclose(found, jensenshannon(P, Q, axis=1) ** 2, rtol=1e-10)
    p, q = P[3], Q[3]
    middle = tfp.distributions.Categorical(probs=(p + q) / 2)
    kl = [tfp.distributions.Categorical(probs=a).kl_divergence(middle) for a in (p, q)]
    np.testing.assert_allclose(found[3], sum(kl) / 2, rtol=1e-6)


def test_the_best_discriminator_earns_more_than_any_other():
    with float64():
        D = ops.convert_to_numpy(optimal_discriminator(P, Q))
        best = ops.convert_to_numpy(gan_value_function(D, P, Q))
        np.testing.assert_allclose(best, -np.log(4) + 2 * jensenshannon(P, Q, axis=1) ** 2, rtol=1e-10)
        for step in (-0.01, 0.01):
            other = np.clip(D + step, 1e-6, 1 - 1e-6)
            assert np.all(ops.convert_to_numpy(gan_value_function(other, P, Q)) < best)
    assert D[2, 4] == 0.5 and D[0, 2] == 0 and D[1, 3] == 1


def test_a_sure_mistake_costs_everything():
    assert float(gan_value_function([0.0, 1.0], [0.5, 0.5], [0.5, 0.5])) == -np.inf


def test_gradients_are_finite_where_an_atom_is_missing():
    slopes = compiled(
        lambda p, q: (grad(lambda p: jensen_shannon(p, q))(p), grad(lambda q: gan_value_function(p * 0 + 0.5, p, q))(q))
    )(*(ops.convert_to_tensor(a.astype("float32")) for a in (P, Q)))
    assert all(np.all(np.isfinite(ops.convert_to_numpy(s))) for s in slopes)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: optimal_discriminator([0.5, 0.5], [1.0]), "p and q must have one shape"),
        (lambda: jensen_shannon([1.5, -0.5], [0.5, 0.5]), "p must be finite and >= 0"),
        (lambda: jensen_shannon([0.5, 0.5], [np.nan, 0.5]), "q must be finite and >= 0"),
        (lambda: gan_value_function([1.2, 0.0], [0.5, 0.5], [0.5, 0.5]), r"D must be in \[0, 1\]"),
    ],
)
def test_bad_input_is_one_clear_line(call, match):
    with pytest.raises(ValueError, match=match) as caught:
        call()
    assert "\n" not in str(caught.value)
