"""Claims of §11.4 and §11.5: choosing by validation scores, and cross-validation."""

import numpy as np
from keras import ops
from numpy.polynomial import legendre
from scipy import stats
from sklearn import model_selection

from mathdl_keras.chapters.ch11 import risk
from mathdl_keras.chapters.ch11.cross_validation import cross_validate
from mathdl_keras.chapters.ch11.folds import fold_weights
from mathdl_keras.chapters.ch11.layers import polynomial_features
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.chapters.ch11.selection import select_candidate
from mathdl_keras.chapters.ch11.splits import KFold, LeaveOneOut
from mathdl_keras.core.claims import claim, close_to, equals, exactly, frequencies, mean_equals


@claim(
    "11.4",
    "the best of K coin-flip classifiers scores E max of K binomials in validation, and 1/2 on fresh samples",
    refuted_by={"no selection": {"expected": lambda n, K: 0.5}},
)
def selection_bias(rng, *, n=100, K=10, replicates=20_000, expected=None):
    flips = rng.random((2, replicates, K, n)) < 0.5
    scores, fresh = np.mean(flips, axis=-1)  # of all classifiers, on validation and on fresh samples
    chosen = select_candidate(scores[..., None], greater_is_better=True)[:, None]
    counts = np.arange(n + 1)
    top = np.diff(stats.binom(n, 0.5).cdf(counts) ** K, prepend=0)  # the law of the greatest
    predicted = counts @ top / n if expected is None else expected(n, K)
    return (
        mean_equals(np.take_along_axis(scores, chosen, 1)[:, 0], predicted, label="score of the chosen one"),
        mean_equals(np.take_along_axis(fresh, chosen, 1)[:, 0], 0.5, label="its score on fresh samples"),
    )


class WithoutRemainder(KFold):
    """Folds of equal size: the samples that are left over are never validated."""

    def split(self, x, y=None, groups=None):
        size = len(x) // self.k
        yield from super().split(x[: size * self.k])


@claim(
    "11.5",
    "k folds validate each sample exactly once, their sizes differ by at most 1, and they are scikit-learn's",
    refuted_by={"remainder dropped": {"splitter": WithoutRemainder}},
)
def fold_partition(rng, *, samples=103, k=10, splitter=KFold):
    x, seed, verdicts = np.zeros((samples, 1)), int(rng.integers(2**31)), []
    for name, ours, peer in (
        ("in order", splitter(k), model_selection.KFold(k)),
        ("shuffled", splitter(k, True, seed), model_selection.KFold(k, shuffle=True, random_state=seed)),
    ):
        pairs = list(ours.split(x))
        times = np.bincount(np.concatenate([validation for _, validation in pairs]), minlength=samples)
        sizes = sorted(len(validation) for _, validation in pairs)
        fold_of = np.full((2, samples), -1)
        for row, splits in zip(fold_of, (pairs, peer.split(x)), strict=True):
            for fold, (_, validation) in enumerate(splits):
                row[validation] = fold
        verdicts += [
            exactly(times, np.ones(samples, int), label=f"times a sample is validated, {name}"),
            exactly(sizes, [samples // k] * (k - samples % k) + [samples // k + 1] * (samples % k), label="sizes"),
            exactly(fold_of[0], fold_of[1], label=f"folds of scikit-learn, {name}"),
        ]
    return verdicts


def training_error(X, y):
    """The mean square of the residuals."""
    return np.mean((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2)


def squares(y, y_pred):
    """A metric in float64; Keras' own are float32."""
    return np.mean((y - y_pred) ** 2)


def refits(X, y):
    """Leave-one-out, by leaving one out."""
    keep = ~np.eye(len(X), dtype=bool)
    thetas = [np.linalg.lstsq(X[rows], y[rows], rcond=None)[0] for rows in keep]
    return np.mean((y - np.einsum("ij,ij->i", X, thetas)) ** 2)


@claim(
    "11.5",
    "leave-one-out cross-validation is the mean of (r_i / (1 - h_ii))^2, from a single fit",
    refuted_by={"training error": {"shortcut": training_error}},
    precision="float64",
)
def loocv_shortcut(rng, *, samples=40, shortcut=risk.loo_mse):
    x = np.sort(rng.uniform(-1, 1, samples))
    y = np.sin(4 * x) + 0.5 * rng.standard_normal(samples)
    verdicts = []
    for degree in (3, 8):
        X = legendre.legvander(x, degree)
        expected, phi = refits(X, y), ops.convert_to_numpy(polynomial_features(x, degree))
        # residuals are off by n kappa roundings of |y|, and divided by 1 - h twice
        leverage = np.max(np.sum(np.linalg.qr(X)[0] ** 2, axis=1))
        roundings, scale = samples * np.linalg.cond(X) / (1 - leverage) ** 2, np.mean(y**2)
        verdicts.append(equals(shortcut(phi, y), expected, roundings=roundings, scale=scale, label=f"degree {degree}"))
        scores = cross_validate(lambda P=degree: PolynomialRegression(P), x[:, None], y, LeaveOneOut(), squares)
        mean = scores.mean["squares"]
        verdicts.append(equals(mean, expected, roundings=roundings, scale=scale, label="by cross_validate"))
    return verdicts


@claim(
    "11.5",
    "k-fold cross-validation estimates the risk at the smaller training size: s^2 (1 + p / (M(1-1/k) - p - 1))",
    refuted_by={"size M": {"trained_on": lambda M, k: M}},
)
def kfold_bias(rng, *, M=40, p=8, k=5, replicates=3000, trained_on=lambda M, k: M * (1 - 1 / k)):
    x = rng.standard_normal((replicates, M, p))
    y = x @ rng.standard_normal((p, 1)) + rng.standard_normal((replicates, M, 1))
    validation = [fold for _, fold in KFold(k).split(y[0])]
    kernels, _ = fold_weights(x, y, validation, fit_intercept=False)
    risks = [np.mean((y[:, v] - x[:, v] @ kernels[:, j]) ** 2, axis=(1, 2)) for j, v in enumerate(validation)]
    return mean_equals(np.mean(risks, axis=0), 1 + p / (trained_on(M, k) - p - 1), label="mean of CV_k")


def walk(count, passes):
    """q_n = (1/n) sum_k P_k q_(n-k), q_0 = 1: the chance that a random walk's n first sums all pass."""
    q = [1.0]
    for n in range(1, count + 1):
        q.append(sum(passes(k) * q[n - k] for k in range(1, n + 1)) / n)
    return np.array(q)


def bayesian(X, y):
    """Schwarz's criterion, of which more parameters cost log M each."""
    M, p = X.shape
    residuals = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return M * np.log(np.mean(residuals**2, axis=0)) + p * np.log(M)


def training_errors(X, y):
    """No penalty at all."""
    return np.mean((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2, axis=0)


@claim(
    "11.5",
    "with the true order q in the list, leave-one-out takes q + j with chance p_j q_(K-j): too large 27 % of the time",
    refuted_by={"BIC": {"criterion": bayesian}, "training error": {"criterion": training_errors}},
)
def order_selection_law(rng, *, M=400, order=3, K=6, replicates=4000, criterion=risk.loo_mse):
    x = np.linspace(-1, 1, M)
    y = legendre.legval(x, np.ones(order + 1))[:, None] + 0.5 * rng.standard_normal((M, replicates))
    phi = ops.convert_to_numpy(polynomial_features(x.astype("float64"), order + K)).astype("float64")
    scores = np.array([criterion(phi[:, : P + 1], y) for P in range(order, order + K + 1)])
    counts = np.bincount(select_candidate(scores.T[..., None], greater_is_better=False), minlength=K + 1)
    stay = walk(K, lambda k: stats.chi2(k).cdf(2 * k))  # steps chi2_1 - 2 that never lead above 0
    climb = walk(K, lambda k: stats.chi2(k).sf(2 * k))  # that are at their maximum at the end
    law = climb * stay[::-1]
    return (
        frequencies(counts, law, label="chosen orders, chance of q + j"),
        close_to(counts[0] / replicates, law[0], relative=0.05 / law[0], label="chance of the true order"),
    )
