"""The variational autoencoder: its bound by NumPy, training, validation, saving, and what it refuses."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from mathdl_keras.chapters.ch15.vae import VariationalAutoencoder
from mathdl_keras.core.autodiff import value_and_grad
from mathdl_keras.core.loops import compiled

RNG = np.random.default_rng(154)
X = RNG.uniform(size=(48, 6)).astype("float32")


def network(n_in, n_out, hidden=5):
    return keras.Sequential([keras.Input((n_in,)), layers.Dense(hidden, activation="tanh"), layers.Dense(n_out)])


def autoencoder(likelihood="gaussian", **kwargs):
    keras.utils.set_random_seed(1)
    return VariationalAutoencoder(network(6, 4), network(2, 6), 2, likelihood=likelihood, seed=7, **kwargs)


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


def dense(model, x):
    for W, b in zip(*[iter(model.get_weights())] * 2, strict=True):
        x = x @ W + b
        x = np.tanh(x) if W is model.get_weights()[0] or W.shape[1] == 5 else x
    return x


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_bound_is_its_formula_where_q_hardly_draws(likelihood):
    model = autoencoder(likelihood)
    kernel, bias = model.encoder.layers[-1].get_weights()
    kernel[:, 2:], bias[2:] = 0, -40  # no noise is left in float32
    model.encoder.layers[-1].set_weights([kernel, bias])
    if likelihood == "gaussian":
        model.noise_log_variance.assign(0.3)
    mean = dense(model.encoder, X)[:, :2].astype("float64")
    output = dense(model.decoder, mean)
    kl = np.sum(mean**2 + 40 - 1 + np.exp(-40), axis=1) / 2  # 48 rows: a batch of 32 and one of 16
    if likelihood == "gaussian":
        likelihoods = -((X - output) ** 2 * np.exp(-0.3) + 0.3 + np.log(2 * np.pi)).sum(1) / 2
    else:
        p = 1 / (1 + np.exp(-output))
        likelihoods, output = (X * np.log(p) + (1 - X) * np.log1p(-p)).sum(1), p
    np.testing.assert_allclose(numpy(model.elbo(X, samples=2)), likelihoods - kl, rtol=1e-5)
    decoded = compiled(model.reconstruct)(ops.convert_to_tensor(X))
    np.testing.assert_allclose(numpy(decoded), output, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict(X, verbose=0), output, rtol=1e-4, atol=1e-6)
    model.compile("adam")
    found = model.evaluate(X, verbose=0, return_dict=True)
    assert found["elbo"] == pytest.approx(np.mean(likelihoods - kl), rel=1e-5)
    assert found["kl"] == pytest.approx(np.mean(kl), rel=1e-5)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_training_raises_the_bound_of_training_and_validation_rows(likelihood):
    model = autoencoder(likelihood)
    model.compile(keras.optimizers.Adam(0.02))
    history = model.fit(X, epochs=8, batch_size=16, validation_data=(X[:16],), verbose=0).history
    assert set(history) == {"elbo", "kl", "val_elbo", "val_kl"}
    assert history["elbo"][-1] > history["elbo"][0] and history["val_elbo"][-1] > history["val_elbo"][0]
    if likelihood == "gaussian":
        assert float(ops.convert_to_numpy(model.noise_log_variance)) < -0.1
    states = [int(ops.convert_to_numpy(model.sampling.seed_generator.state)[1])]
    assert states == [8 * 4]  # one draw a step: 24 to train; 8 to validate


def test_one_step_descends_the_gradient_of_its_own_loss_with_beta():
    """The same seed draws the same noise: the loss with beta is differentiated automatically, and one step compared."""
    model, twin = autoencoder(beta=3.0), autoencoder(beta=3.0)
    model.compile(keras.optimizers.SGD(0.1))
    model.fit(X[:8], batch_size=8, shuffle=False, verbose=0)

    def loss():
        likelihood, kl = twin.terms(ops.convert_to_tensor(X[:8]))
        return ops.mean(3.0 * kl - likelihood)

    gradients = compiled(lambda: value_and_grad(loss, twin.trainable_variables)[1])()
    for after, before, gradient in zip(model.trainable_variables, twin.trainable_variables, gradients, strict=True):
        np.testing.assert_allclose(numpy(after.value), numpy(before.value) - 0.1 * numpy(gradient), atol=1e-5)


def test_it_is_saved_with_its_parts_and_its_noise(tmp_path):
    model = autoencoder("gaussian", beta=0.5)
    model.compile("adam")
    model.fit(X, verbose=0)
    model.save(tmp_path / "vae.keras")
    again = keras.models.load_model(tmp_path / "vae.keras")
    assert (again.latent_dim, again.beta, again.likelihood, again.seed) == (2, 0.5, "gaussian", 7)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_array_equal(numpy(again.sample(3, seed=1)), numpy(model.sample(3, seed=1)))
    variances = [float(ops.convert_to_numpy(m.noise_log_variance)) for m in (model, again)]
    assert variances[0] == variances[1] != 0


def test_pictures_are_data_too_and_half_precision_trains():
    images = RNG.uniform(size=(8, 3, 2, 1)).astype("float32")
    encoder = keras.Sequential([keras.Input((3, 2, 1)), layers.Flatten(), layers.Dense(4)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(6), layers.Reshape((3, 2, 1))])
    model = VariationalAutoencoder(encoder, decoder, 2, likelihood="bernoulli", dtype="mixed_bfloat16")
    model.compile("adam")
    assert np.isfinite(model.fit(images, verbose=0).history["elbo"][0])
    assert tuple(model.sample(5).shape) == (5, 3, 2, 1) and tuple(model.elbo(images).shape) == (8,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VariationalAutoencoder(None, None, 0), "latent_dim must be an integer >= 1; received latent_dim=0"),
        (lambda: VariationalAutoencoder(3, network(2, 6), 2), "encoder must be a Keras model; received int"),
        (lambda: autoencoder().fit(X, X), "fit learns from data alone; received targets"),
        (lambda: autoencoder("bernoulli").fit(X / 9, validation_data=X - 1), r"x must be in \[0, 1\]"),
        (lambda: autoencoder(beta=-1.0), "beta must be finite and >= 0; received beta=-1.0"),
        (lambda: autoencoder("poisson"), "likelihood must be 'gaussian' or 'bernoulli'; received likelihood='poisson'"),
        (
            lambda: VariationalAutoencoder(network(6, 3), network(2, 6), 2).elbo(X),
            r"encoder must map \(None, 6\) to \(None, 4\); received an output of shape \(None, 3\)",
        ),
        (
            lambda: VariationalAutoencoder(network(6, 4), network(2, 5), 2).build((None, 6)),
            r"decoder must map \(None, 2\) to \(None, 6\); received an output of shape \(None, 5\)",
        ),
        (lambda: autoencoder().elbo(X[:, :4]), "must take inputs of shape"),
        (lambda: autoencoder("bernoulli").elbo(2 * X), r"x must be in \[0, 1\] for a Bernoulli decoder; received"),
        (lambda: autoencoder("bernoulli").fit(X - 1), r"x must be in \[0, 1\] for a Bernoulli decoder; received"),
        (lambda: autoencoder().fit(np.full((4, 6), np.nan)), "x must be finite"),
        (lambda: autoencoder().elbo(X, samples=0), "samples must be an integer >= 1; received samples=0"),
        (lambda: autoencoder().sample(0), "n must be an integer >= 1; received n=0"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_bad_validation_rows_are_refused_before_training():
    model = autoencoder("bernoulli")
    model.compile("adam")
    with pytest.raises(ValueError, match=r"x must be in \[0, 1\]"):
        model.fit(X, validation_data=(X + 1,), verbose=0)
