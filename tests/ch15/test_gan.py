"""Steps of a GAN, against the same steps in NumPy; its learning, files and errors."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import expit

from mathdl_keras.chapters.ch15.gan import GAN
from mathdl_keras.chapters.ch15.metrics import MarginalWasserstein, ModeCoverage

REAL = np.random.default_rng(154).normal(2.0, 0.5, size=(32, 1)).astype("float32")
NODES = np.linspace(-1.0, 1.0, 16, dtype="float32")[:, None]
RATE = 0.1


class FixedNoise(GAN):
    """The same noise in each step, so that NumPy can follow."""

    def noise(self, count):
        return ops.convert_to_tensor(np.resize(NODES, (count, 1)))


def lines(g, d):
    """A generator s z + m and a discriminator w x + b."""
    layers = [keras.layers.Dense(1), keras.layers.Dense(1)]
    for layer, (slope, offset) in zip(layers, (g, d), strict=True):
        layer.build((None, 1))
        layer.set_weights([np.array([[slope]]), np.array([offset])])
    return layers


def small(**kwargs):
    return GAN(*lines((0.7, -0.2), (0.3, 0.1)), latent_dim=1, seed=1, **kwargs)


def in_numpy(loss, update, discriminator_steps):
    """(generator, discriminator) after one step on REAL, by formulas."""
    g, d = np.array([0.7, -0.2]), np.array([0.3, 0.1])
    size = len(REAL) // discriminator_steps
    z = np.resize(NODES, (size * discriminator_steps, 1))[:, 0].astype("float64")

    def slope(x, weight):  # of a mean over rows, in the slope and the offset of a line
        return np.array([np.mean(weight * x), np.mean(weight)])

    def d_slope(d, real, fake):
        return slope(real, expit(d[0] * real + d[1]) - 1) + slope(fake, expit(d[0] * fake + d[1]))

    def g_slope(g, d, z):
        D = expit(d[0] * (g[0] * z + g[1]) + d[1])
        return slope(z, d[0] * (-D if loss == "minimax" else D - 1))

    for k in range(discriminator_steps):
        rows = slice(k * size, (k + 1) * size)
        moved = d - RATE * d_slope(d, REAL[rows, 0].astype("float64"), g[0] * z[rows] + g[1])
        before, d = d, moved
    seen = before if update == "simultaneous" else d
    return g - RATE * g_slope(g, seen, np.resize(NODES, (size, 1))[:, 0].astype("float64")), d


@pytest.mark.parametrize(
    ("loss", "update", "discriminator_steps"),
    [("minimax", "alternating", 1), ("nonsaturating", "alternating", 3), ("nonsaturating", "simultaneous", 1)],
)
def test_a_step_is_that_of_the_formulas(loss, update, discriminator_steps):
    gan = FixedNoise(
        *lines((0.7, -0.2), (0.3, 0.1)), latent_dim=1, loss=loss, discriminator_steps=discriminator_steps, update=update
    )
    gan.compile({"generator": keras.optimizers.SGD(RATE), "discriminator": keras.optimizers.SGD(RATE)})
    gan.fit(REAL, batch_size=len(REAL), shuffle=False, verbose=0)
    found = [np.concatenate([w.ravel() for w in part.get_weights()]) for part in (gan.generator, gan.discriminator)]
    np.testing.assert_allclose(found, in_numpy(loss, update, discriminator_steps), rtol=1e-5)


def test_it_learns_where_the_data_are_and_its_metrics_see_it():
    metrics = [MarginalWasserstein(-5, 5), ModeCoverage([[2.0]], 1.5)]
    gan = small()
    gan.compile({"generator": keras.optimizers.SGD(0.3), "discriminator": keras.optimizers.SGD(0.3)}, metrics=metrics)
    before = gan.evaluate(REAL, verbose=0, return_dict=True)
    history = gan.fit(np.tile(REAL, (30, 1)), validation_data=(REAL,), epochs=1, verbose=0).history
    assert history["val_wasserstein_1"][-1] < 0.5 * before["wasserstein_1"]
    assert before["mode_coverage"] <= history["val_mode_coverage"][-1] == 1
    assert set(before) == {"discriminator_loss", "generator_loss", "wasserstein_1", "mode_coverage"}


def test_value_of_indistinguishable_rows_is_minus_log_4():
    gan = GAN(*lines((1.0, 0.0), (0.0, 0.0)), latent_dim=1)
    np.testing.assert_allclose(ops.convert_to_numpy(gan.value(REAL, REAL)), -np.log(4), rtol=1e-6)


def test_seeds_samples_and_files(tmp_path):
    gan = small(loss="minimax", discriminator_steps=2)
    gan.compile("sgd")
    assert np.array_equal(gan.sample(4, seed=7), gan.sample(4, seed=7))
    assert not np.array_equal(gan.sample(4), gan.sample(4))
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert (again.generator_objective, again.discriminator_steps, again.update) == ("minimax", 2, "alternating")
    np.testing.assert_array_equal(again.sample(4, seed=7), gan.sample(4, seed=7))
    assert again.predict(NODES, verbose=0).shape == (16, 1)


def images(*shape):
    return keras.Sequential([keras.layers.Dense(int(np.prod(shape))), keras.layers.Reshape(shape)])


BAD = [
    ({"latent_dim": 0}, "latent_dim must be an integer >= 1"),
    ({"latent_dim": 2.0}, "latent_dim must be an integer >= 1"),
    ({"loss": "hinge"}, "loss must be one of minimax, nonsaturating"),
    ({"update": "both"}, "update must be one of alternating, simultaneous"),
    ({"discriminator_steps": 0}, "discriminator_steps must be an integer >= 1"),
    ({"discriminator_steps": 2, "update": "simultaneous"}, "discriminator_steps must be 1 if both parts move at once"),
    ({"discriminator": keras.layers.Dense(2)}, "discriminator must give one number a sample"),
    ({"generator": images(2, 3)}, "discriminator must give one number a sample"),
    (
        {"generator": keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])},
        r"generator must take rows of shape \(1\)",
    ),
    ({"discriminator": keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])}, "discriminator must take rows"),
]


@pytest.mark.parametrize(("changes", "match"), BAD)
def test_bad_arguments_are_one_clear_line(changes, match):
    good = {"generator": keras.layers.Dense(1), "discriminator": keras.layers.Dense(1), "latent_dim": 1}
    with pytest.raises(ValueError, match=match) as caught:
        GAN(**(good | changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (REAL, REAL, "learns from samples alone"),
        (np.where(REAL > 2, np.nan, REAL), None, "x must be finite"),
        (np.ones((8, 2), "float32"), None, r"rows, 1\); received \(8, 2\)"),
        (REAL[:2], None, "must hold at least discriminator_steps=3 rows; received 2"),
        (np.tile(REAL, (2, 1))[:33], None, "must hold at least discriminator_steps=3 rows; received 1"),
    ],
)
def test_bad_data_are_one_clear_line(x, y, match):
    gan = small(discriminator_steps=3)
    gan.compile("sgd")
    with pytest.raises(ValueError, match=match):
        gan.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="count must be an integer >= 1"):
        gan.sample(0)
