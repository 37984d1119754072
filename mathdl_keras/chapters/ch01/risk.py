r"""Risk: the empirical risk, its decomposition into bias, variance and noise, and how far it lies from its mean."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_data

__all__ = ["bias_variance", "empirical_risk", "hoeffding_radius"]


def empirical_risk(model, loss, x, y, batch_size=None, reduction="mean"):
    r"""The average loss over a data set (§1.5, in the corrected form of (1.9)).

    .. math:: \Lambda(\theta) = \frac1M \sum_{m=1}^M \ell_{y_m}(m(x_m; \theta))

    Every sample weighs the same, whatever the batches are: the last one may be smaller.

    Args:
        model: A Keras model, or a function from a batch of inputs to predictions.
        loss: A Keras loss or its name; its reduction does not matter.
        x: Inputs, `(rows, ...)`.
        y: Targets, `(rows, ...)`.
        batch_size: Rows at a time; by default all.
        reduction: `mean`, or `none` for the loss of each sample, `(rows,)`.

    Returns:
        A float, or a float64 array.

    Raises:
        ValueError: If there are no rows, x and y differ in their number, or an argument is out of range.

    Example:
        >>> empirical_risk(lambda x: x, "mse", np.array([[1.0], [3.0], [0.0]]), np.zeros((3, 1)), batch_size=2)
        3.3333333333333335
    """
    losses = _losses(model, keras.losses.get(loss), *_rows(x, y), batch_size)
    if reduction not in ("mean", "none"):
        raise ValueError(f"reduction must be mean or none; received reduction={reduction!r}")
    return float(losses.mean()) if reduction == "mean" else losses


def _rows(x, y):
    x, y = np.asarray(x), np.asarray(y)
    check_data(x)
    check_data(y, "y")
    if len(x) != len(y):
        raise ValueError(f"y must have one row for each of the {len(x)} rows of x; received {len(y)}")
    return x, y


def _losses(model, loss, x, y, batch_size):
    """The loss of each row, in float64."""
    predict = model.predict_on_batch if isinstance(model, keras.Model) else model
    each = loss.call if isinstance(loss, keras.losses.Loss) else loss
    size = len(x) if batch_size is None else batch_size
    if size < 1:
        raise ValueError(f"batch_size must be at least 1; received batch_size={batch_size}")
    parts = []
    for start in range(0, len(x), size):
        batch = slice(start, start + size)
        values = ops.convert_to_numpy(each(ops.convert_to_tensor(y[batch]), predict(x[batch]))).astype("float64")
        parts.append(values.reshape(len(values), -1).mean(axis=1))
    return np.concatenate(parts)


def bias_variance(fit_predict, make_train, x_test, f_true, noise_variance, replicates, seed=0):
    r"""Splits the expected squared error at each test point (§1.6), over many training sets at once.

    .. math:: E(Y - \hat f(x))^2 = \sigma^2 + (E\hat f(x) - f(x))^2 + \operatorname{Var}\hat f(x)

    Args:
        fit_predict: `fit_predict(x, y, x_test) -> (replicates, tests)`: fits every training set, and predicts.
        make_train: `make_train(rng, replicates) -> (x, y)`: training sets; x may be the same for all.
        x_test: The test points, `(tests, ...)`.
        f_true: The true regression function, vectorised.
        noise_variance: :math:`\sigma^2`.
        replicates: Integer, the number of training sets, at least 2.
        seed: Integer, seed of the training sets; 0 by default.

    Returns:
        A dictionary of arrays `(tests,)`: `bias2`, `variance`, `noise`, and their sum `risk`. The variance is that of
        the replicates, divided by their number, so that bias2 + variance is their mean squared error.

    Raises:
        ValueError: If there are fewer than two replicates, the noise variance is negative, or the predictions have
            another shape.

    Example:
        >>> draw = lambda rng, replicates: (None, rng.standard_normal((replicates, 4)))
        >>> mean = lambda x, y, x_test: y.mean(axis=1, keepdims=True)
        >>> parts = bias_variance(mean, draw, np.zeros(1), lambda x: 0 * x, 1.0, replicates=10_000)
        >>> round(float(parts["variance"][0]), 2)
        0.25
    """
    if replicates < 2:
        raise ValueError(f"replicates must be at least 2; received replicates={replicates}")
    if not noise_variance >= 0:
        raise ValueError(f"noise_variance must be >= 0; received noise_variance={noise_variance}")
    x, y = make_train(np.random.default_rng(seed), replicates)
    predictions = ops.convert_to_numpy(fit_predict(x, y, x_test)).astype("float64")
    if predictions.shape != (replicates, len(x_test)):
        expected = (replicates, len(x_test))
        raise ValueError(f"fit_predict must return shape {expected}; received shape {predictions.shape}")
    bias2 = (predictions.mean(axis=0) - np.asarray(f_true(x_test))) ** 2
    variance = predictions.var(axis=0)
    noise = np.full_like(bias2, noise_variance)
    return {"bias2": bias2, "variance": variance, "noise": noise, "risk": bias2 + variance + noise}


def hoeffding_radius(n, delta, width=1.0):
    r"""How far an empirical risk strays from its mean (§1.5), at most, with probability :math:`1 - \delta`.

    .. math:: P(|\Lambda_n - \Lambda| > r) \le \delta, \qquad r = w\sqrt{\frac{\log(2/\delta)}{2n}}

    for one model chosen before the n samples were seen, and a loss in an interval of width w. For the best of many
    models, chosen on these samples, it does not hold.

    Args:
        n: The number of samples.
        delta: The probability of straying further, in (0, 1).
        width: w.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> round(hoeffding_radius(100, 0.05), 4)
        0.1358
    """
    if not (n >= 1 and 0 < delta < 1 and width > 0):
        raise ValueError(f"n must be >= 1, delta in (0, 1) and width > 0; received {n}, {delta} and {width}")
    return float(width * np.sqrt(np.log(2 / delta) / (2 * n)))
