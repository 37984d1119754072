"""Grids of samples, and a critic that diverges: it is named, training stops, files and weights are kept."""

import keras
import numpy as np
import pytest

from mathdl_keras.chapters.ch06.callbacks import TerminateOnNonFinite
from mathdl_keras.chapters.ch15.callbacks import SampleGrid, tiled
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN

REAL = np.random.default_rng(157).uniform(size=(40, 4)).astype("float32")


class Explodes(keras.callbacks.Callback):
    """Makes the critic's rate infinite after the first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer["critic"].learning_rate = float("inf")


def model():
    gan = WassersteinGAN(
        keras.layers.Dense(4), keras.layers.Dense(1, name="height"), latent_dim=2, gradient_penalty=1.0, seed=0
    )
    gan.compile({part: keras.optimizers.SGD(0.01) for part in ("critic", "generator")})
    return gan


def test_a_diverging_critic_is_named_and_what_was_saved_is_kept(tmp_path):
    gan, guard = model(), TerminateOnNonFinite(restore="epoch")
    grids = SampleGrid(tmp_path / "grids", (2, 2), rows=2, columns=3)
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    with pytest.warns(RuntimeWarning, match="training stopped"):
        history = gan.fit(REAL, batch_size=10, epochs=5, verbose=0, callbacks=[guard, grids, keep, Explodes()])
    assert len(history.epoch) == 2  # of five
    assert "in epoch 2, batch 1: weights are not finite in" in guard.found and "height" in guard.found
    assert all(np.all(np.isfinite(w)) for w in gan.get_weights()) and np.all(np.isfinite(gan.sample(3)))
    first = np.array(keras.utils.load_img(tmp_path / "grids" / "epoch_0001.png"))
    assert first.shape == (2 * 3 + 1, 3 * 3 + 1, 3)
    again = model()
    again.load_weights(tmp_path / "1.weights.h5")
    for kept, now in zip(again.generator.get_weights(), gan.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)  # weights went back to those after epoch 1


def test_fit_has_a_guard_of_its_own():
    gan = model()
    gan.optimizer["critic"].learning_rate = float("inf")
    with pytest.warns(RuntimeWarning, match="critic_value|penalty|generator_loss"):
        gan.fit(REAL, batch_size=10, epochs=3, verbose=0)
    assert np.all(np.isfinite(gan.sample(3)))


def test_samples_that_are_not_finite_are_not_drawn(tmp_path):
    gan = model()
    grids = SampleGrid(tmp_path, (2, 2), 1, 1)
    grids.set_model(gan)
    grids.on_train_begin()
    gan.generator.bias.assign(np.full(4, np.nan))
    grids.on_epoch_end(0)
    assert grids.paths == [] and list(tmp_path.iterdir()) == []


def test_grids_show_the_samples(tmp_path):
    """A generator that ignores its noise: each tile is its bias, clipped to the limits."""
    gan = model()
    gan.generator.set_weights([np.zeros((2, 4)), np.array([-1.0, 0.0, 0.5, 3.0])])
    grids = SampleGrid(tmp_path, (2, 2), rows=1, columns=2, limits=(0.0, 1.0), every=2, transform=lambda x: x[:, ::-1])
    grids.set_model(gan)
    grids.on_train_begin()
    for epoch in range(3):
        grids.on_epoch_end(epoch)
    assert [path.name for path in grids.paths] == ["epoch_0002.png"]
    drawn = np.array(keras.utils.load_img(grids.paths[0]))[..., 0]
    assert drawn[1:3, 1:3].tolist() == drawn[1:3, 4:6].tolist() == [[255, 127], [0, 0]]
    assert set(drawn[0]) == {128}


def test_tiles_of_colours():
    grid = tiled(np.arange(2.0).reshape(2, 1, 1, 1) * np.ones((1, 2, 2, 3)), 2, 1)
    assert grid.shape == (7, 4, 3) and grid[1:3, 1:3].sum() == 0 and grid[4:6, 1:3].sum() == 12


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"rows": 0}, "rows must be an integer >= 1"),
        ({"every": 0}, "every must be an integer >= 1"),
        ({"image_shape": (4,)}, r"image_shape must be \(height, width"),
        ({"limits": (1.0, 0.0)}, "limits must be black and white"),
    ],
)
def test_bad_arguments_of_grids(tmp_path, arguments, match):
    with pytest.raises(ValueError, match=match):
        SampleGrid(**({"folder": tmp_path, "image_shape": (2, 2)} | arguments))


def test_a_model_without_noise_and_a_folder_that_is_a_file_are_refused_before_training(tmp_path):
    other = keras.Sequential([keras.layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError, match="SampleGrid needs a model with latent_dim; received Sequential"):
        other.fit(REAL, REAL[:, :1], verbose=0, callbacks=[SampleGrid(tmp_path, (1, 1))])
    (tmp_path / "file").write_text("kept")
    with pytest.raises(FileExistsError):
        model().fit(REAL, batch_size=10, verbose=0, callbacks=[SampleGrid(tmp_path / "file", (1, 2))])
    assert (tmp_path / "file").read_text() == "kept"


def test_an_image_of_another_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="image_shape must be that of a sample"):
        model().fit(REAL, batch_size=10, verbose=0, callbacks=[SampleGrid(tmp_path, (3, 3))])
