"""Claims of §9.3: what dropout does to a unit, on average over its masks."""

import numpy as np
from keras import ops
from scipy import stats
from scipy.special import softmax

from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.chapters.ch09.averaged_dropout import marginalized_dropout_loss, solve_dropout_least_squares
from mathdl_keras.chapters.ch09.layers import Dropout
from mathdl_keras.chapters.ch09.networks import DropoutMLP
from mathdl_keras.chapters.ch09.predictors import geometric_mean_ensemble
from mathdl_keras.core.claims import at_most, claim, equals, mean_equals
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.loops import compiled_loop


def all_masks(units, keep):
    """Every mask in float64, (2^units, units), and its probability."""
    masks = boolean_inputs(units).astype("float64")
    return masks, np.prod(np.where(masks > 0, keep, 1 - keep), axis=1)


@claim(
    "9.3",
    "inverted dropout keeps the mean, x, and has variance x^2 (1 - p)/p; what is kept is x/p",
    refuted_by={"standard scaling": {"mode": "standard"}},
)
def dropout_moments(rng, *, x=2.0, keep=0.7, draws=200_000, mode="inverted"):
    layer = Dropout(1 - keep, mode=mode, seed=int(rng.integers(2**31)))
    y = ops.convert_to_numpy(layer(np.full(draws, x, "float32"), training=True))
    return [
        mean_equals(y.astype("float64"), x, label="mean"),
        mean_equals((y - x).astype("float64") ** 2, x**2 * (1 - keep) / keep, label="variance"),
        equals(y[y != 0], np.full((y != 0).sum(), x / keep), roundings=4, scale=x / keep, label="what is kept"),
    ]


def ridge_loss(X, y, w, p):
    return np.mean((y - X @ w) ** 2) + (1 - p) / p * np.sum(np.mean(X**2, axis=0) * w**2)


def variance_of_the_mask(X, y, w, p):
    """As if inputs were not rescaled: the variance of a mask is p(1 - p)."""
    return np.mean((y - X @ w) ** 2) + p * (1 - p) * np.sum(np.mean(X**2, axis=0) * w**2)


@claim(
    "9.3",
    "the squared loss averaged over the masks of the inputs is that of ridge regression with (1 - p)/p mean x_j^2",
    refuted_by={
        "p(1 - p), the variance of a mask": {"predict": variance_of_the_mask},
        "standard scaling": {"mode": "standard"},
    },
    precision="float64",
)
def dropout_is_ridge(rng, *, rows=20, features=6, keep=0.7, mode="inverted", predict=ridge_loss):
    X, y, w = rng.standard_normal((rows, features)), rng.standard_normal(rows), rng.standard_normal(features)
    masks, probability = all_masks(features, keep)
    dropped, _ = Dropout(1 - keep, mode=mode).forward_pass(ops.convert_to_tensor(X), True, masks[:, None, :])
    losses = ops.sum(ops.square(matvec(dropped, w) - ops.convert_to_tensor(y)), axis=1) / rows
    expected = predict(X, y, w, keep)
    # sums of 64 x 20 squares of sums of 6 terms, of either sign
    return [
        equals(
            ops.sum(losses * ops.convert_to_tensor(probability)),
            expected,
            roundings=1000,
            scale=expected,
            label="all masks",
        ),
        equals(marginalized_dropout_loss(X, y, w, 1 - keep), expected, roundings=200, scale=expected, label="formula"),
    ]


def descend_ridge(X, y, keep, rate, steps):
    """Gradient descent on the ridge loss from zero."""
    gram = X.T @ X / len(X)
    H, w = gram + (1 - keep) / keep * np.diag(np.diag(gram)), np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - 2 * rate * (H @ w - X.T @ y / len(X))
    return w


def least_squares(X, y, keep, rate, steps):
    return np.linalg.lstsq(X, y)[0]


def _sgd_step(k, state):
    w, X, y, factors, rate = state
    dropped = X * factors[k][:, None, :]
    residual = matvec(dropped, w) - y
    return (w - 2 * rate * matvec(transpose(dropped), residual) / X.shape[0], X, y, factors, rate)


_sgd = compiled_loop(_sgd_step)


@claim(
    "9.3",
    "with a new mask in each step the mean of the weights descends on the ridge loss, to (G + (1-p)/p diag G)^-1 c",
    refuted_by={"the limit without dropout": {"predict": least_squares}},
    precision="float64",
)
def dropout_sgd_mean(rng, *, rows=20, features=6, keep=0.7, rate=0.05, steps=400, chains=500, predict=descend_ridge):
    X = rng.standard_normal((rows, features))
    y = X @ rng.standard_normal(features) + 0.5 * rng.standard_normal(rows)
    masks = (rng.random((steps, chains, features)) < keep).astype("float64")
    factors = Dropout(1 - keep).factor(ops.convert_to_tensor(X), masks)
    w = ops.convert_to_numpy(_sgd((np.zeros((chains, features)), X, y, factors, np.array(rate)), steps)[0])
    expected = predict(X, y, keep, rate, steps)
    limit = descend_ridge(X, y, keep, rate, 100 * steps)
    return [
        mean_equals(w, expected, sigmas=4.5, label="mean weights"),
        _hotelling(w, expected),
        equals(
            solve_dropout_least_squares(X, y, 1 - keep), limit, roundings=1e4, scale=np.abs(limit).max(), label="limit"
        ),
    ]


def _hotelling(samples, mean):
    """All coordinates at once: Hotelling's statistic between the 0.0001 and the 0.9999 quantile of its law."""
    R, d = samples.shape
    off = samples.mean(axis=0) - mean
    statistic = R * off @ np.linalg.solve(np.cov(samples.T), off)
    low, high = d * (R - 1) / (R - d) * stats.f.ppf([1e-4, 1 - 1e-4], d, R - d)
    return at_most(statistic, high, sharpness=low / high, label="all weights at once")


def geometric(P, probability):
    """Normalized geometric mean over the first axis."""
    mean = np.exp(np.einsum("k,kbc->bc", probability, np.log(P)))
    return mean / mean.sum(axis=-1, keepdims=True)


def arithmetic(P, probability):
    return np.einsum("k,kbc->bc", probability, P)


@claim(
    "9.3",
    "the normalized geometric mean over all masks of a softmax or logistic unit is the unit with weights times p",
    refuted_by={"arithmetic mean": {"average": arithmetic}},
    precision="float64",
)
def geometric_mean(rng, *, features=10, keep=0.6, rows=3, average=geometric):
    x, verdicts = rng.standard_normal((rows, features)), []
    masks, probability = all_masks(features, keep)
    for outputs in (3, 1):
        W, b = rng.standard_normal((features, outputs)), rng.standard_normal(outputs)
        model = DropoutMLP((features, outputs), rate=[1 - keep], mode="standard")
        model.set_weights([W, b])
        drawn = [ops.convert_to_tensor(np.repeat(masks, rows, axis=0))]
        U = model.forward_pass(ops.convert_to_tensor(np.tile(x, (len(masks), 1))), training=True, masks=drawn)[0]
        U = np.reshape(ops.convert_to_numpy(U), (len(masks), rows, outputs))
        two = (lambda U: U) if outputs > 1 else (lambda U: np.concatenate([U, 0 * U], axis=-1))
        expected = softmax(two(keep * x @ W + b), axis=-1)
        ensemble = ops.convert_to_numpy(geometric_mean_ensemble(model, x))
        name = "softmax" if outputs > 1 else "logistic"
        verdicts += [
            equals(
                average(softmax(two(U), axis=-1), probability), expected, roundings=2000, label=f"{name}, all masks"
            ),
            equals(ensemble, expected[:, :outputs], roundings=2000, label=f"{name}, geometric_mean_ensemble"),
        ]
    return verdicts
