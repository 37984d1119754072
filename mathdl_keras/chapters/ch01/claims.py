"""Claims of §1.5 and §1.6: risk, its decomposition, and double descent."""

import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch01.double_descent import double_descent_curve, double_descent_theory
from mathdl_keras.chapters.ch01.models import MinimumNormRegressor
from mathdl_keras.chapters.ch01.risk import bias_variance, empirical_risk, hoeffding_radius
from mathdl_keras.core.claims import at_most, claim, close_to, equals, exactly, mean_equals
from mathdl_keras.core.linalg import gram
from mathdl_keras.core.loops import compiled_loop

__all__ = ["risk_weighting", "hoeffding", "min_norm_implicit_bias", "bias_variance_knn", "double_descent_exact",
           "interpolation_threshold"]  # fmt: skip


def mean_of_batch_means(model, loss, x, y, batch_size):
    """Each batch weighs the same, however small it is."""
    risks = [
        empirical_risk(model, loss, x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)
    ]
    return np.mean(risks)


@claim(
    "1.5",
    "the empirical risk is the mean over samples, not over batches",
    refuted_by={"mean of batch means": {"risk": mean_of_batch_means}},
    precision="float64",
)
def risk_weighting(rng, *, samples=103, batch_size=32, risk=empirical_risk):
    x, y = rng.standard_normal((samples, 1)), rng.standard_normal((samples, 1))
    y[96:] += 5  # the last batch, of 7 samples, has a heavy loss
    measured = risk(ops.convert_to_tensor, lambda y, y_pred: ops.square(y - y_pred), x, y, batch_size=batch_size)
    return equals(measured, np.mean((x - y) ** 2), roundings=samples, scale=np.mean((x - y) ** 2), label="risk")


def wrong_answers(rng, shape, error_rate):
    """The zero-one losses of a classifier that is wrong with a given probability."""
    wrong = rng.random((*shape, 1)) < error_rate
    return empirical_risk(
        lambda x: np.zeros((len(x), 1)), "mse", wrong.reshape(-1, 1), wrong.reshape(-1, 1) * 1.0, reduction="none"
    ).reshape(shape)


def fixed_model(rng, replicates, n, error_rate):
    """The empirical risks of one classifier, chosen before the samples are seen."""
    return wrong_answers(rng, (replicates, n), error_rate).mean(axis=-1)


def best_of_fifty(rng, replicates, n, error_rate):
    """The empirical risks of the best of fifty equal classifiers, chosen on these samples."""
    return wrong_answers(rng, (replicates // 20, 50, n), error_rate).mean(axis=-1).min(axis=-1)


@claim(
    "1.5",
    "an empirical risk of n samples strays by sqrt(log(2/delta)/2n) with probability at most delta",
    refuted_by={"the best of 50 models": {"risks": best_of_fifty}},
)
def hoeffding(rng, *, n=100, error_rate=0.3, delta=0.05, replicates=20_000, risks=fixed_model):
    radius = hoeffding_radius(n, delta)
    strayed = np.abs(risks(rng, replicates, n, error_rate) - error_rate) > radius
    counts = np.arange(n + 1)
    exact = np.sum(stats.binom(n, error_rate).pmf(counts)[np.abs(counts / n - error_rate) > radius])
    error = np.sqrt(exact * (1 - exact) / replicates)
    # the binomial tail is 0.0031 of the 0.05 allowed: Hoeffding's bound knows no variance
    return (
        mean_equals(strayed, exact, standard_error=error, label="binomial tail"),
        at_most(strayed.mean(), delta, sharpness=(exact - 4 * error) / delta, label="Hoeffding's bound"),
    )


@claim(
    "1.5",
    "gradient descent on least squares from w0 converges to A+ y + (I - A+ A) w0",
    refuted_by={"nonzero start forgotten": {"kept": 0.0}},
    precision="float64",
)
def min_norm_implicit_bias(rng, *, n=20, d=50, steps=3000, kept=1.0):
    A, y, w0 = rng.standard_normal((n, d)), rng.standard_normal((n, 1)), rng.standard_normal((d, 1))
    spectrum = np.linalg.svd(A, compute_uv=False)
    rate = n / spectrum[0] ** 2
    A_, y_ = ops.convert_to_tensor(A), ops.convert_to_tensor(y)
    descend = compiled_loop(lambda k, w: w - rate / n * gram(A_, A_ @ w - y_))
    pinv = np.linalg.pinv(A)
    limit, null = pinv @ y, (np.eye(d) - pinv @ A) @ w0
    model = MinimumNormRegressor()
    model.fit_closed_form(A, y)
    # What is left of the start, (1 - smin^2/smax^2)^steps, is below 1e-70; a step rounds sums of d terms of size |w|,
    # and errors in the row space contract: they add up to at most smax^2/smin^2 of them.
    scale, roundings = np.linalg.norm(limit) + np.linalg.norm(w0), d * (spectrum[0] / spectrum[-1]) ** 2
    return (
        equals(descend(np.zeros((d, 1)), steps), limit, roundings=roundings, scale=scale, label="from zero"),
        equals(descend(w0, steps), limit + kept * null, roundings=roundings, scale=scale, label="from w0"),
        equals(model.kernel.value, limit, roundings=roundings, scale=scale, label="closed form"),
    )


def nearest(k):
    """The mean of the targets at the k nearest points of a fixed design."""

    def fit_predict(x, y, x_test):
        x, x_test = ops.convert_to_tensor(x), ops.convert_to_tensor(x_test)
        _, neighbours = ops.top_k(-ops.abs(x_test[:, None] - x[None]), k)
        return ops.mean(ops.take(ops.convert_to_tensor(y), neighbours, axis=1), axis=-1)

    return fit_predict


@claim(
    "1.6",
    "at x0 the risk of k nearest neighbours is sigma^2 + bias^2 + sigma^2/k",
    refuted_by={"noise forgotten": {"noise_var": 0.0}},
)
def bias_variance_knn(rng, *, n=50, sigma=0.3, k=9, x0=0.275, replicates=40_000, noise_var=None):
    design = np.arange(n) / n

    def f(x):
        return np.sin(2 * np.pi * x)

    def make_train(rng, replicates):
        return design, f(design) + sigma * rng.standard_normal((replicates, n))

    noise_var = sigma**2 if noise_var is None else noise_var
    parts = bias_variance(nearest(k), make_train, np.array([x0]), f, noise_var, replicates, int(rng.integers(2**31)))
    neighbours = np.argsort(np.abs(design - x0))[:k]
    bias, variance = f(x0) - f(design[neighbours]).mean(), sigma**2 / k
    # the estimated variance has relative error sqrt(2/R), the mean prediction has standard error sqrt(variance/R)
    errors = {"bias2": 2 * abs(bias) * np.sqrt(variance / replicates), "variance": variance * np.sqrt(2 / replicates)}
    errors["risk"] = np.hypot(*errors.values())
    predicted = {"bias2": bias**2, "variance": variance, "risk": sigma**2 + bias**2 + variance}
    return [
        close_to(parts[part], predicted[part], relative=4 * errors[part] / predicted[part], label=part)
        for part in predicted
    ]


def spectrum_of(D):
    """Coefficients that decay like 1/j, of norm one."""
    beta = 1 / np.arange(1, D + 1)
    return beta / np.linalg.norm(beta)


def without_bias(p, n, beta, sigma):
    """The exact risk without the bias of the directions that n samples do not see."""
    lost = np.where(np.asarray(p) > n, np.cumsum(beta**2)[np.asarray(p) - 1] * (1 - n / np.maximum(p, 1)), 0)
    return double_descent_theory(p, n, beta, sigma) - lost


@claim(
    "1.6",
    "the risk of minimum-norm least squares falls, explodes at p = n, and falls again, by an exact formula",
    refuted_by={"ridge penalty": {"ridge": 1e-2}, "no bias beyond n": {"theory": without_bias}},
    precision="float64",
)
def double_descent_exact(rng, *, n=40, D=100, sigma=0.2, replicates=600, ridge=0.0, theory=double_descent_theory):
    # |n - p| >= 6 keeps the variance of the risk finite, so that its mean over replicates has a standard error
    p_grid = np.array([0, 2, 5, 10, 20, 30, 34, 46, 50, 60, 80, 100])
    beta = spectrum_of(D)
    test, _ = double_descent_curve(p_grid, n, beta, sigma, replicates, rng, ridge)
    predicted = theory(p_grid, n, beta, sigma)
    exact = equals(test[0], np.full(replicates, predicted[0]), roundings=D, label="p = 0: |beta|^2 + sigma^2")
    return exact, *(
        mean_equals(risk, risk_p, label=f"risk at p = {p}")
        for p, risk, risk_p in zip(p_grid[1:], test[1:], predicted[1:], strict=True)
    )


@claim(
    "1.6",
    "the training risk is zero if and only if p >= n",
    refuted_by={"ridge penalty": {"ridge": 1e-2}},
    precision="float64",
)
def interpolation_threshold(rng, *, n=40, D=60, sigma=0.2, replicates=50, ridge=0.0):
    p_grid = np.array([10, 30, 38, 39, 40, 41, 42, 50, 60])
    _, train = double_descent_curve(p_grid, n, spectrum_of(D), sigma, replicates, rng, ridge)
    return exactly((train < 1e-10).mean(axis=1), (p_grid >= n).astype(float), label="share of zero training risk")
