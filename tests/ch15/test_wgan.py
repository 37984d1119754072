"""Steps of a Wasserstein GAN, against the same steps in NumPy and the slope of a known function; files and errors."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch15.wgan import WassersteinGAN

RNG = np.random.default_rng(156)
REAL = (RNG.normal(size=(40, 2)) + [1.0, -2.0]).astype("float32")
FAKE = RNG.normal(size=(40, 2)).astype("float32")


def linear(w):
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.reshape(w, (2, 1)), np.zeros(1)])
    return layer


class Same(WassersteinGAN):
    """Generates the same rows in each step."""

    def noise(self, count):
        return ops.convert_to_tensor(np.resize(FAKE, (count, 2)))


def model(critic=None, **kwargs):
    generator = keras.layers.Dense(2)
    generator.build((None, 2))
    generator.set_weights([np.eye(2), np.zeros(2)])
    gan = Same(generator, critic or linear([0.05, -0.03]), latent_dim=2, **kwargs)
    gan.compile({"critic": keras.optimizers.SGD(0.01), "generator": keras.optimizers.SGD(0.1)})
    return gan


def test_steps_and_clipping_are_those_of_the_formulas():
    """A linear critic has a gradient that does not depend on it: the difference of two means."""
    gan = model(clip=0.06, critic_steps=4)
    history = gan.fit(REAL, batch_size=40, shuffle=False, verbose=0).history
    w = np.array([0.05, -0.03])
    for k in range(4):
        rows = slice(10 * k, 10 * k + 10)
        difference = REAL[rows].mean(axis=0) - FAKE[rows].mean(axis=0)
        value, w = w @ difference, np.clip(w + 0.01 * difference, -0.06, 0.06)
    np.testing.assert_allclose(gan.critic.get_weights()[0][:, 0], w, rtol=1e-5)
    np.testing.assert_allclose(history["critic_value"], [value], rtol=1e-4)
    np.testing.assert_allclose(gan.generator.get_weights()[1], 0.1 * w, rtol=1e-5)
    np.testing.assert_allclose(
        gan.generator.get_weights()[0], np.eye(2) + 0.1 * np.outer(FAKE[:10].mean(axis=0), w), rtol=1e-5
    )


def test_the_penalty_of_a_linear_critic_is_that_of_its_slope():
    gan = model(gradient_penalty=10.0, critic_steps=1)
    w = np.array([0.05, -0.03])
    found = gan.slope_penalty(*map(ops.convert_to_tensor, (REAL, FAKE)))
    np.testing.assert_allclose(ops.convert_to_numpy(found), (np.hypot(*w) - 1) ** 2, rtol=1e-5)
    gan.fit(REAL, batch_size=40, verbose=0)
    difference = REAL.mean(axis=0) - FAKE.mean(axis=0)
    penalty = 10 * 2 * (np.hypot(*w) - 1) * w / np.hypot(*w)
    np.testing.assert_allclose(gan.critic.get_weights()[0][:, 0], w + 0.01 * (difference - penalty), rtol=1e-4)


class Bowl(keras.Layer):
    def call(self, x):
        return ops.sum(ops.square(x), axis=(1, 2), keepdims=True)[:, :, 0] / 2

    def compute_output_spec(self, x, **kwargs):
        return keras.KerasTensor((x.shape[0], 1))


def test_the_penalty_is_taken_between_the_two_samples_also_of_images():
    """The slope of |x|^2/2 is x: between a and b of one direction the norm is even on [|a|, |b|]."""
    grow = keras.Sequential([keras.layers.Dense(6), keras.layers.Reshape((2, 3))])
    gan = WassersteinGAN(grow, Bowl(), latent_dim=2, gradient_penalty=1.0, seed=0)
    one = np.full((4000, 2, 3), 1 / np.sqrt(6), "float32")
    found = float(ops.convert_to_numpy(gan.slope_penalty(ops.convert_to_tensor(one), ops.convert_to_tensor(2 * one))))
    error = np.sqrt(4 / 45 / 4000)  # of (t - 0)^2, t even on [0, 1]: mean 1/3, variance 4/45
    assert abs(found - 1 / 3) <= 4 * error


def test_the_critic_finds_the_distance_and_the_generator_moves():
    gan = WassersteinGAN(keras.layers.Dense(2), linear([0.01, 0.0]), latent_dim=1, clip=0.1, seed=0)
    gan.compile({"critic": keras.optimizers.RMSprop(0.1), "generator": keras.optimizers.SGD(0.5)})
    before = np.linalg.norm(gan.sample(400, seed=1).mean(axis=0) - REAL.mean(axis=0))
    gan.fit(np.tile(REAL, (20, 1)), batch_size=40, verbose=0)
    assert np.max(np.abs(gan.critic.get_weights()[0])) <= np.float32(0.1)
    assert np.linalg.norm(gan.sample(400, seed=1).mean(axis=0) - REAL.mean(axis=0)) < 0.5 * before


def test_files_bring_back_all_settings(tmp_path):
    gan = WassersteinGAN(keras.layers.Dense(2), linear([0.1, 0.2]), latent_dim=3, critic_steps=2, gradient_penalty=5.0)
    gan.compile({"critic": "adam", "generator": "adam"})
    gan.fit(REAL, batch_size=40, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert (again.critic_steps, again.gradient_penalty, again.clip, again.latent_dim) == (2, 5.0, 0.01, 3)
    np.testing.assert_array_equal(again.sample(4, seed=7), gan.sample(4, seed=7))
    again.fit(REAL, batch_size=40, verbose=0)
    assert int(again.optimizer["critic"].iterations) == 4


BAD = [
    ({"clip": 0.0}, "clip must be positive and finite"),
    ({"clip": -1.0}, "clip must be positive and finite"),
    ({"critic_steps": 0}, "critic_steps must be an integer >= 1"),
    ({"gradient_penalty": -1.0}, "gradient_penalty must be None or >= 0"),
    ({"latent_dim": 0}, "latent_dim must be an integer >= 1"),
    ({"critic": keras.layers.Dense(3)}, "critic must give one number a sample"),
    ({"critic": keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])}, "critic must take rows of shape"),
]


@pytest.mark.parametrize(("changes", "match"), BAD)
def test_bad_arguments_are_one_clear_line(changes, match):
    good = {"critic": keras.layers.Dense(1), "generator": keras.layers.Dense(2), "latent_dim": 2}
    with pytest.raises(ValueError, match=match) as caught:
        WassersteinGAN(**(good | changes))
    assert "\n" not in str(caught.value)


def test_a_batch_smaller_than_the_slices_is_refused():
    with pytest.raises(ValueError, match="must hold at least critic_steps=5 rows; received 3"):
        model().fit(REAL[:3], verbose=0)
