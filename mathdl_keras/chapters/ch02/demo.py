r"""Chapter 2 on real patients: how far a line predicts the progression of diabetes, and how descent finds it.

(a) §2.3, §2.4. The closed form on the table as measured: which solver its condition number allows, the share of the
variance that ten measurements explain, and 95 % intervals of the coefficients, in units of one standard deviation of
each measurement.

(b) §2.4. Ten-fold cross-validation: the same share for patients whom the model has not seen.

(c) §2.3, §2.5. Full-batch gradient descent by Keras, beside the loss that the closed form
:math:`(I - \eta H)^k (\theta_0 - \theta^*)` predicts for each step; and three learning rates around the threshold
:math:`2/\lambda_{\max}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
from keras import ops
from sklearn.model_selection import KFold

from mathdl_keras.chapters.ch02.descent import gd_error_theory, gradient_descent, mse_gradient, mse_hessian
from mathdl_keras.chapters.ch02.losses import MeanSquaredError
from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.report import Metric

DATASETS = ("diabetes",)

RATES = (0.5, 1.98, 2.02)  # times 1 / l_max


@dataclass(frozen=True)
class Theory:
    """What the closed form says about gradient descent from zero; losses are in squared units of the progression.

    Attributes:
        least: The least loss of all weights.
        largest: The largest curvature, an eigenvalue of the Hessian.
        predicted: Shape `(steps,)`, the loss before each step, at the learning rate 1 / largest.
        bound: Shape `(steps,)`, what bounds the loss above the least.
        rates: From the name of a learning rate to the loss above the least before each step, and after the last.
    """

    least: float
    largest: float
    predicted: np.ndarray
    bound: np.ndarray
    rates: Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class DiabetesResults(Results):
    """What was found about the patients.

    Attributes:
        names: The names of the features.
        observed: Shape `(patients,)`, the progression after one year.
        unseen: Shape `(patients,)`, its prediction by a model that has not seen the patient.
        score: The R2 of unseen patients, mean of the folds.
        coefficients: Shape `(features,)`, the progression for one standard deviation of each feature.
        intervals: Shape `(features, 2)`, the ends of their 95 % intervals.
        losses: Shape `(steps,)`, the loss before each step of Keras' training.
        theory: What the closed form says about it.
    """

    names: Sequence[str]
    observed: np.ndarray
    unseen: np.ndarray
    score: float
    coefficients: np.ndarray
    intervals: np.ndarray
    losses: np.ndarray
    theory: Theory


def run(session: Session) -> DiabetesResults:
    """All three parts."""
    data = datasets.load(session.dataset)
    X = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    intervals, found = closed_form(data, X)
    predictions, scores = cross_validate(session, data)
    theory = predict_descent(X, data.y, steps=session.choose(50, 300))
    losses, followed = descend(session, X, data.y, theory)
    mean = float(np.mean(scores))
    metrics = [
        *found,
        Metric("R2 of unseen patients, mean of 10 folds", mean, target=">= 0.45", reached=mean >= 0.45),
        Metric("R2 of unseen patients, standard deviation over the folds", float(np.std(scores, ddof=1))),
        *followed,
    ]
    return DiabetesResults(
        metrics,
        [data],
        names=data.feature_names,
        observed=data.y,
        unseen=predictions,
        score=mean,
        coefficients=intervals.mean(axis=1),
        intervals=intervals,
        losses=losses,
        theory=theory,
    )


def closed_form(data, X):
    """The intervals of the coefficients of standardised features, and metrics of the fit to the table as measured."""
    model, standardised = LinearRegression(), LinearRegression()
    report = model.fit_closed_form(data.x, data.y)
    r2 = model.score(data.x, data.y)
    standardised.fit_closed_form(X, data.y)
    n, p = X.shape
    with_ones = np.hstack([data.x, np.ones((n, 1))])
    metrics = [
        Metric("R2 of the training patients", r2, target="0.5177 within 1e-4", reached=abs(r2 - 0.5177) <= 1e-4),
        Metric("the same, adjusted for 10 features", 1 - (1 - r2) * (n - 1) / (n - p - 1)),
        Metric("condition number as measured, with a column of ones", float(np.linalg.cond(with_ones))),
        Metric(f"condition number that the solver met ({report.solver})", report.condition),
    ]
    return standardised.confint(X, data.y)[:-1], metrics


def cross_validate(session: Session, data, folds=10):
    """Predictions of each patient by a model that has not seen him or her, and the R2 of each fold."""
    splits = list(KFold(folds, shuffle=True, random_state=session.seed).split(data.x))
    predictions, scores = np.zeros_like(data.y), []
    for train, test in session.track(splits, "cross-validation"):
        model = LinearRegression()
        model.fit_closed_form(data.x[train], data.y[train])
        predictions[test] = model.predict(data.x[test], verbose=0)[:, 0]
        scores.append(model.score(data.x[test], data.y[test]))
    return predictions, scores


def descend(session: Session, X, y, theory: Theory):
    """The losses of a Keras model in full-batch training from zero, and how they compare with the closed form."""
    steps = len(theory.predicted)
    model = LinearRegression(kernel_initializer="zeros")
    model.compile(keras.optimizers.SGD(1 / theory.largest), MeanSquaredError())
    x32, y32 = X.astype("float32"), y.astype("float32")
    losses = session.fit(model, "gradient descent", x32, y32, epochs=steps, batch_size=len(X), shuffle=False)["loss"]
    losses = np.array(losses)  # that of step k is taken before the step: it is the loss of theta_k, k from 0
    off = np.max(np.abs(losses / theory.predicted - 1))
    metrics = [
        Metric("largest relative difference of Keras' losses and the closed form", float(off)),
        Metric(f"loss after {steps} steps, relative to the least, minus 1", float(losses[-1] / theory.least - 1)),
    ]
    return losses, metrics


def predict_descent(X, y, steps, horizon=40) -> Theory:
    """The losses predicted for `steps` steps, and the excess of `horizon` steps of descent at three rates."""
    A = np.hstack([X, np.ones((len(X), 1))])
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    least = np.mean((A @ best - y) ** 2)
    with allow_float64():
        H = mse_hessian(A)
        spectrum = ops.convert_to_numpy(ops.eigh(H)[0])
        excess = partial(_excess, H)
        predicted = least + excess(gd_error_theory(H, 1 / spectrum[-1], -best, steps - 1))
        gradient, start = partial(mse_gradient, A, y), np.zeros_like(best)
        run = partial(gradient_descent, gradient, start, steps=horizon, trajectory=True)
        paths = {f"{c} / l_max": ops.convert_to_numpy(run(learning_rate=c / spectrum[-1])) for c in RATES}
        rates = {name: excess(path - best) for name, path in paths.items()}
    slow = (1 - spectrum[0] / spectrum[-1]) ** (2 * np.arange(steps))
    return Theory(least, float(spectrum[-1]), predicted, slow * (predicted[0] - least), rates)


def _excess(H, errors):
    """The excess loss e'He/2 of errors (steps, P)."""
    return ops.convert_to_numpy(ops.einsum("ki,ij,kj->k", errors, H, errors)) / 2
