"""Watching adversarial training: a grid of samples each epoch (§15.4)."""

import math
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_positive

__all__ = ["SampleGrid"]


class SampleGrid(keras.callbacks.Callback):
    """Saves a grid of samples as a picture after each epoch, from the same noise each time (§15.4).

    The files are `epoch_0001.png` and so on. Samples that are not finite are not drawn: what was saved before a
    divergence is kept. Works with any model that has `latent_dim` and `decode(z)`, or that maps noise to samples when
    called, such as `GAN` and `WassersteinGAN`.

    Args:
        folder: Path of the folder to save to; it is made if need be.
        image_shape: Tuple, `(height, width)` or `(height, width, channels)` of a sample.
        rows: Integer, rows of the grid; 8 by default.
        columns: Integer, columns of the grid; 8 by default.
        limits: Pair of floats, the values of black and white; 0 and 1 by default.
        every: Integer, the number of epochs from one picture to the next; 1 by default.
        transform: Function from samples, an array `(rows * columns, ...)`, to images, where samples are not images yet;
            none by default.
        seed: Integer, seed of the noise; 0 by default.

    Attributes:
        paths: List of the files, in order.

    Raises:
        ValueError: If a size is not positive, the limits are not in order, or samples do not have the size of images.

    Example:
        >>> import tempfile
        >>> from mathdl_keras.chapters.ch15.gan import GAN
        >>> gan = GAN(keras.layers.Dense(6), keras.layers.Dense(1), latent_dim=2, seed=0)
        >>> gan.compile({"generator": "sgd", "discriminator": "sgd"})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     grids = SampleGrid(folder, (2, 3), rows=2, columns=2)
        ...     _ = gan.fit(np.ones((32, 6), "float32"), epochs=2, verbose=0, callbacks=[grids])
        ...     [path.name for path in grids.paths]
        ['epoch_0001.png', 'epoch_0002.png']
    """

    def __init__(self, folder, image_shape, rows=8, columns=8, limits=(0.0, 1.0), every=1, transform=None, seed=0):
        super().__init__()
        if len(image_shape) not in (2, 3):
            raise ValueError(f"image_shape must be (height, width[, channels]); received {tuple(image_shape)}")
        if not limits[0] < limits[1]:
            raise ValueError(f"limits must be black and white, in this order; received limits={limits}")
        self.folder, self.image_shape, self.limits = Path(folder), (*image_shape, 1)[:3], limits
        self.rows, self.columns = check_positive("rows", rows), check_positive("columns", columns)
        self.every, self.transform = check_positive("every", every), transform
        self.seed, self.paths = int(seed), []

    def on_train_begin(self, logs=None):
        if not hasattr(self.model, "latent_dim"):
            raise ValueError(f"SampleGrid needs a model with latent_dim; received {type(self.model).__name__}")
        self.folder.mkdir(parents=True, exist_ok=True)  # before any training
        self.paths = []
        rng = np.random.default_rng(self.seed)
        self._noise = rng.standard_normal((self.rows * self.columns, self.model.latent_dim)).astype("float32")

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every:
            return
        samples = self._samples()
        if not np.all(np.isfinite(samples)):
            return
        images = samples if self.transform is None else np.asarray(self.transform(samples))
        if images[0].size != math.prod(self.image_shape):
            raise ValueError(f"image_shape must be that of a sample, {images.shape[1:]}; received {self.image_shape}")
        path = self.folder / f"epoch_{epoch + 1:04d}.png"
        keras.utils.save_img(path, tiled(self._gray(images), self.rows, self.columns), scale=False)
        self.paths.append(path)

    def _samples(self):
        decode = getattr(self.model, "decode", None) or (lambda z: self.model(z, training=False))
        return ops.convert_to_numpy(ops.cast(decode(ops.convert_to_tensor(self._noise)), "float32"))

    def _gray(self, images):
        low, high = self.limits
        return 255 * np.clip((images.reshape(-1, *self.image_shape) - low) / (high - low), 0, 1)


def tiled(images, rows, columns, margin=1):
    """(rows * (height + margin) + margin, ..., channels): images side by side, with gray lines between them."""
    _, height, width, channels = images.shape
    grid = np.full((rows * (height + margin) + margin, columns * (width + margin) + margin, channels), 128.0)
    for k, image in enumerate(images):
        top, left = (k // columns) * (height + margin) + margin, (k % columns) * (width + margin) + margin
        grid[top : top + height, left : left + width] = image
    return grid
