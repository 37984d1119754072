r"""What all adversarial networks have in common: a generator, an opponent, and a batch that feeds several of its steps.

A generator turns noise into samples, :math:`x = G(z)` with :math:`z \sim N(0, I_k)`. Its opponent looks at samples and
gives each a number: the logit of "real" for a discriminator (§15.3), a height for a critic (§15.5). Each step of
training gives the opponent several updates, each on real rows of its own: the batch is cut into slices.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.callbacks import TerminateOnNonFinite
from mathdl_keras.core.checks import ChecksData, check_data, check_positive
from mathdl_keras.core.training import StepModel


class AdversarialModel(ChecksData, StepModel):
    """A base class: the parts, their shapes, noise, samples, and the slices of a batch.

    As a function the model is its generator: it takes noise, (batch, latent_dim), and gives samples. `fit(x)` takes
    real samples and no targets. Metrics in `compile` compare `y_true`, real samples, with `y_pred`, as many generated
    ones: `evaluate(x)`, or `fit(x, validation_data=(x_test,))`.

    Args:
        generator: Layer or model, `(batch, latent_dim) -> (batch, ...)`.
        opponent: Layer or model, `(batch, ...) -> (batch, 1)`.
        latent_dim: Integer, the number k of noise variables.
        seed: Integer, seed of the noise; `None`, the default, for another stream each time.

    Raises:
        ValueError: If `latent_dim` is not a positive integer, or the shapes of the parts do not fit.
    """

    opponent_name = "discriminator"

    def __init__(self, generator, opponent, latent_dim, seed=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.latent_dim = check_positive("latent_dim", latent_dim)
        self.sample_shape = _output_shape("generator", generator, (self.latent_dim,))
        heights = _output_shape(self.opponent_name, opponent, self.sample_shape)
        if heights != (1,):
            raise ValueError(f"{self.opponent_name} must give one number a sample, (batch, 1); received {heights}")
        self.generator = generator
        setattr(self, self.opponent_name, opponent)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed if seed is None else int(seed))
        self.built = True  # its parts are

    @property
    def opponent(self):
        return getattr(self, self.opponent_name)

    def build(self, input_shape):
        self.built = True

    def call(self, inputs, training=False):
        return self.generator(inputs, training=training)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.sample_shape)

    def noise(self, count):
        """(count, latent_dim), standard normal."""
        return keras.random.normal((count, self.latent_dim), dtype=self.compute_dtype, seed=self.seed_generator)

    def generate(self, count, training=True):
        """`count` samples as a tensor; inside a training step."""
        return self.generator(self.noise(count), training=training)

    def sample(self, count, seed=None):
        """Draws samples.

        Args:
            count: Integer, the number of samples.
            seed: Integer, for the same samples each time, on one backend; `None`, the default, to go on with the
                model's own stream.

        Returns:
            A NumPy array, (count, ...).

        Raises:
            ValueError: If `count` is not a positive integer.
        """
        count = check_positive("count", count)
        shape = (count, self.latent_dim)
        z = self.noise(count) if seed is None else keras.random.normal(shape, seed=int(seed))
        return self.predict(ops.convert_to_numpy(z), verbose=0)

    def heights(self, x, training=True):
        """What the opponent gives each row, (batch, 1)."""
        return self.opponent(x, training=training)

    def slices(self, x, steps):
        """Disjoint slices of the rows of x, equally large; what is left over is not used."""
        rows = x.shape[0]  # unknown in a TensorFlow graph, where `fit` has looked at the data
        check_rows(rows, steps, self.steps_name)
        size = ops.shape(x)[0] // steps
        return [x[k * size : (k + 1) * size] for k in range(steps)], size

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **kwargs):
        """As `keras.Model.fit`, of real samples; NaN in a loss stops it (`TerminateOnNonFinite`).

        Raises:
            ValueError: If there are targets, x is not finite or shaped otherwise, or a batch is too small to be cut.
        """
        if y is not None:
            raise ValueError(f"{type(self).__name__} learns from samples alone; received targets y")
        if isinstance(x, np.ndarray):
            check_samples(x, self.sample_shape)
            rest = len(x) % (batch_size or 32)
            check_rows(rest or len(x), getattr(self, self.steps_name), self.steps_name)
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.tree.flatten(callbacks or [])
            if not any(isinstance(callback, TerminateOnNonFinite) for callback in callbacks):
                callbacks = [
                    TerminateOnNonFinite(restore="epoch"),
                    *callbacks,
                ]  # first, so that the others see and save numbers
        return super().fit(x, None, batch_size, epochs, verbose, callbacks, **kwargs)

    def compile(self, optimizer="rmsprop", *args, **kwargs):
        """As `StepModel.compile`: one optimizer, or one for each part in a dictionary."""
        super().compile(optimizer, *args, **kwargs)
        some = np.zeros((1, *self.sample_shape), "float32")
        self.compute_metrics(some, some, some)  # makes the state of metrics, which JAX needs before a step
        self.reset_metrics()

    def evaluation_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        fake = self.generate(ops.shape(x)[0], training=False)
        self.log(**self.evaluation_losses(x, fake))
        results = self.compute_metrics(x, x, fake)
        results.pop("loss", None)  # there are two
        return results

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        parts = {name: serialize(getattr(self, name)) for name in ("generator", self.opponent_name)}
        return super().get_config() | parts | {"latent_dim": self.latent_dim, "seed": self.seed}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("generator", cls.opponent_name)
        }
        return cls(**(config | parts))


def check_samples(x, shape):
    """Raises a `ValueError` for an array that is not finite, or whose rows are not shaped like samples."""
    check_data(x)
    if x.shape[1:] != tuple(shape):
        raise ValueError(f"x must have the shape of generated samples, (rows, {_plain(shape)}); received {x.shape}")


def check_rows(rows, steps, name):
    if rows is not None and rows < steps:
        raise ValueError(f"each batch, the last one too, must hold at least {name}={steps} rows; received {rows}")


def _output_shape(name, part, shape):
    """The shape of one output, found by calling the part on a symbol, which builds it as well."""
    wanted = tuple(getattr(part, "input_shape", None) or (None, *shape))[1:]  # only models that are built know theirs
    try:
        if not _fits(shape, wanted):  # Keras itself lets a single feature pass for several
            raise ValueError(f"takes ({_plain(wanted)})")
        return tuple(part(keras.KerasTensor((None, *shape))).shape)[1:]
    except (TypeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if "expected" in line), lines[0])
        raise ValueError(
            f"{name} must take rows of shape ({_plain(shape)}); received one that does not: {reason}"
        ) from None


def _fits(shape, wanted):
    return len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))


def _plain(shape):
    return ", ".join(map(str, shape))
