r"""The variational autoencoder (§15.2).

A decoder says how data arise from a few latent numbers, an encoder guesses the numbers from the data, and both are
trained together by the evidence lower bound:

.. math:: z \sim N(0, I_k), \qquad x \mid z \sim p(x \mid g(z)), \qquad
    q(z \mid x) = N(\mu(x), \mathrm{diag}\, e^{\lambda(x)})

.. math:: \log p(x) \ge E_q[\log p(x \mid z)] - KL(q(z \mid x) \| N(0, I))
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.gaussians import LOG_2PI, bernoulli_log_density, kl_diagonal_gaussians
from mathdl_keras.chapters.ch15.sampling import GaussianSampling
from mathdl_keras.core.checks import ChecksData, check_data, check_positive
from mathdl_keras.core.training import StepModel

__all__ = ["VariationalAutoencoder"]

LIKELIHOODS = ("gaussian", "bernoulli")


@keras.saving.register_keras_serializable("mathdl_keras")
class VariationalAutoencoder(ChecksData, StepModel):
    r"""A variational autoencoder, trained by `fit(x)` (§15.2).

    .. math:: \max\ E_q[\log p(x \mid z)] - \beta\, KL(q(z \mid x) \| N(0, I))

    with one reparameterised draw a row and step. With a Gaussian likelihood the decoder gives the mean of x, and the
    variance of the noise, one number, is learned; with Bernoulli's it gives logits. `call` reconstructs: it decodes the
    mean of q. Logged are `elbo` (with beta = 1) and `kl`, in nats a row; so also by `evaluate` and in validation.

    Args:
        encoder: Keras model from `(batch, ...)` to `(batch, 2 k)`: means, then log-variances.
        decoder: Keras model from `(batch, k)` to the shape of the data.
        latent_dim: Integer, the number k of latent variables.
        beta: Float >= 0, the weight of the divergence; 1 by default.
        likelihood: String, `gaussian`, the default, or `bernoulli`, for data in [0, 1].
        seed: Integer, seed of the draws; `None`, the default, for another stream each time.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, the encoder or decoder does not fit the data, or the data are not
            finite or, with `bernoulli`, not in [0, 1].

    Example:
        >>> vae = VariationalAutoencoder(
        ...     keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)]),
        ...     keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)]),
        ...     latent_dim=2,
        ...     seed=0,
        ... )
        >>> vae.compile("adam")
        >>> history = vae.fit(np.ones((8, 6), "float32"), verbose=0)
        >>> sorted(history.history), tuple(vae.sample(3).shape)
        (['elbo', 'kl'], (3, 6))
    """

    def __init__(self, encoder, decoder, latent_dim, beta=1.0, likelihood="gaussian", seed=None, **kwargs):
        super().__init__(**kwargs)
        latent_dim = check_positive("latent_dim", latent_dim)
        if not isinstance(beta, int | float) or not 0 <= beta < float("inf"):
            raise ValueError(f"beta must be finite and >= 0; received beta={beta!r}")
        for name, part in (("encoder", encoder), ("decoder", decoder)):
            if not isinstance(part, keras.Layer):
                raise ValueError(f"{name} must be a Keras model; received {type(part).__name__}")
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood must be 'gaussian' or 'bernoulli'; received likelihood={likelihood!r}")
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim, self.beta, self.likelihood, self.seed = latent_dim, float(beta), likelihood, seed
        self.sampling = GaussianSampling(seed, dtype=self.variable_dtype)
        self.sampling.build([(None, latent_dim)] * 2)
        if likelihood == "gaussian":
            self.noise_log_variance = self.add_weight(shape=(), initializer="zeros", name="noise_log_variance")
        self.track("elbo", "kl")
        self._fits = None

    def build(self, input_shape):
        for part, shape in ((self.encoder, input_shape), (self.decoder, (None, self.latent_dim))):
            if not part.built:
                part.build(shape)
        self._check_parts(input_shape)
        self.built = True

    def _check_parts(self, shape):
        """The encoder must take the data and the decoder give it back; looked at once for each shape of data."""
        data = (None, *shape[1:])
        if self._fits == data:
            return
        codes = (None, self.latent_dim)
        for name, given, expected in (("encoder", data, (None, 2 * self.latent_dim)), ("decoder", codes, data)):
            received = output_shape(getattr(self, name), given)
            if received != expected:
                raise ValueError(f"{name} must map {given} to {expected}; received an output of shape {received}")
        self._fits = data

    def encode(self, x):
        """Means and log-variances of q(z given x), each `(batch, k)`."""
        self._check_parts(x.shape)
        moments = ops.cast(self.encoder(x), self.variable_dtype)
        return moments[:, : self.latent_dim], moments[:, self.latent_dim :]

    def call(self, inputs):
        return self.decode(self.encode(inputs)[0])

    def decode(self, z):
        """The mean of p(x given z), of the shape of the data."""
        output = self.decoder(z)
        return output if self.likelihood == "gaussian" else ops.sigmoid(output)

    def log_likelihood(self, x, z):
        """log p(x given z) of each row: x `(batch, ...)`, z `(batch, k)` -> `(batch,)`."""
        D = math.prod(x.shape[1:])
        x, output = (ops.cast(ops.reshape(a, (-1, D)), self.variable_dtype) for a in (x, self.decoder(z)))
        if self.likelihood == "bernoulli":
            return bernoulli_log_density(x, output)
        log_variance = ops.convert_to_tensor(self.noise_log_variance)
        return -(ops.sum((x - output) ** 2, axis=-1) * ops.exp(-log_variance) + D * (log_variance + LOG_2PI)) / 2

    def terms(self, x):
        """E log p(x given z), by one draw, and KL(q, prior), of each row: two `(batch,)`."""
        mean, log_variance = self.encode(x)
        likelihood = self.log_likelihood(x, self.sampling([mean, log_variance]))
        return likelihood, kl_diagonal_gaussians(mean, log_variance)

    def training_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]

        def loss_and_terms():
            likelihood, kl = self.terms(x)
            loss = ops.sum(self.beta * kl - likelihood) / ops.cast(ops.shape(kl)[0], kl.dtype)
            return loss, (likelihood - kl, kl)

        _, (bounds, kl) = self.minimize(loss_and_terms, has_aux=True)
        return self.log(elbo=bounds, kl=kl)  # of each row: a small last batch counts for its rows only

    def evaluation_step(self, data):
        likelihood, kl = self.terms(keras.utils.unpack_x_y_sample_weight(data)[0])
        return self.log(elbo=likelihood - kl, kl=kl)

    def fit(self, x=None, y=None, *args, **kwargs):
        """As `keras.Model.fit`, on data alone: `fit(x)`."""
        if y is not None or kwargs.get("sample_weight") is not None:
            raise ValueError("fit learns from data alone; received targets y or a sample_weight")
        validation = kwargs.get("validation_data")
        for rows in (x, validation[0] if isinstance(validation, list | tuple) else validation):
            self._check_rows(rows)
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """As `keras.Model.evaluate`: the means of `elbo` and `kl` over the rows."""
        self._check_rows(x)
        return super().evaluate(x, *args, **kwargs)

    def _check_rows(self, x):
        if not isinstance(x, np.ndarray):
            return
        check_data(x)
        if self.likelihood == "bernoulli" and not (0 <= x.min() and x.max() <= 1):
            raise ValueError(
                f"x must be in [0, 1] for a Bernoulli decoder; received values from {x.min():g} to {x.max():g}"
            )
        self._check_parts(x.shape)

    def elbo(self, x, samples=1):
        """The evidence lower bound (with beta = 1) of each row, `(batch,)`, the mean over draws.

        Args:
            x: Array `(batch, ...)`.
            samples: Integer, the number of draws of z for each row; 1 by default.

        Raises:
            ValueError: If samples is not a positive integer, or the data are not what `fit` takes.
        """
        samples = check_positive("samples", samples)
        self._check_rows(x)
        x = ops.convert_to_tensor(x, dtype=self.variable_dtype)
        mean, log_variance = self.encode(x)
        pair = [ops.repeat(moment, samples, axis=0) for moment in (mean, log_variance)]
        likelihood = self.log_likelihood(ops.repeat(x, samples, axis=0), self.sampling(pair))
        likelihood = ops.sum(ops.reshape(likelihood, (-1, samples)), axis=1) / samples
        return likelihood - kl_diagonal_gaussians(mean, log_variance)

    def reconstruct(self, x):
        """The decoded mean of q(z given x): what `call` gives, without its gradient."""
        self._check_rows(x)
        return ops.stop_gradient(self(x))

    def sample(self, n, seed=None):
        """n new data: z from the prior, decoded to the mean of x.

        Args:
            n: Integer, the number of samples.
            seed: Integer, for the same data each time; `None`, the default, to go on with the model's own stream.
        """
        n = check_positive("n", n)
        seed = self.sampling.seed_generator if seed is None else seed
        z = keras.random.normal((n, self.latent_dim), dtype=self.variable_dtype, seed=seed)
        return ops.stop_gradient(self.decode(z))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        parts = {"encoder": serialize(self.encoder), "decoder": serialize(self.decoder)}
        names = ("latent_dim", "beta", "likelihood", "seed")
        return super().get_config() | parts | {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        revive = keras.saving.deserialize_keras_object
        parts = {name: revive(config[name], custom_objects) for name in ("encoder", "decoder")}
        return cls(**(config | parts))


def output_shape(part, shape):
    """What a model makes of a shape; a part that cannot take it says so in its own words, in one line."""
    try:
        return tuple(part.compute_output_shape(shape))
    except Exception as error:  # Keras raises ValueError, the backends their own
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{part.name} must take inputs of shape {shape}; received: {reason}") from None
