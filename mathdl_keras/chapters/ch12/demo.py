"""Chapter 12 on real data: which features matter, and who says so?

(a) §12.4. Diabetes, linear regression on ten measurements. The R² is divided among them exactly, over all 1024
regressions on subsets (LMG), and compared with permutation importance. Blood serum s1 comes first by permutation and
seventh by LMG: s1 and s2 are nearly copies (correlation 0.90), their coefficients are large and of opposite signs, and
permuting one of them makes patients that do not exist.

(b) §12.3. Breast cancer, a network on 30 measurements of a tumour: the Shapley values of single predictions, sampled
along random orders, with standard errors. Their sum is what the prediction differs from the mean, whatever was drawn.
"""

import warnings
from dataclasses import dataclass

import keras
import numpy as np

from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch12.explanations import Explanation, shapley_values
from mathdl_keras.chapters.ch12.feature_checks import CorrelatedFeaturesWarning
from mathdl_keras.chapters.ch12.importance_report import ImportanceReport
from mathdl_keras.chapters.ch12.partial_dependence import PartialDependence, partial_dependence
from mathdl_keras.chapters.ch12.permutation_importance import permutation_importance
from mathdl_keras.chapters.ch12.refit_game import RefitR2Game
from mathdl_keras.chapters.ch12.shapley import shapley_exact
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

DATASETS = ("breast_cancer",)

R2 = 0.517748  # of the regression on all ten, by scikit-learn and statsmodels


@dataclass(frozen=True, kw_only=True)
class ImportanceResults(Results):
    """What was found about the two data sets.

    Attributes:
        report: LMG and permutation importance of the features of diabetes, in parts of the target's variance.
        correlations: Shape `(features, features)`, those of the measurements of diabetes.
        explanation: Shapley values, in logits, of predictions on tumours that the network has not seen.
        dependence: The prediction, in logits, along the most important measurement of a tumour.
    """

    report: ImportanceReport
    correlations: np.ndarray
    explanation: Explanation
    dependence: PartialDependence


def run(session: Session) -> ImportanceResults:
    """Both parts."""
    diabetes, tumours = datasets.diabetes(), datasets.load(session.dataset)
    report, shares = two_importances(session, diabetes)
    explanation, dependence, accuracy = explained(session, tumours)
    return ImportanceResults(
        [*shares, *_figures(session, explanation, accuracy)],
        [diabetes, tumours],
        report=report,
        correlations=np.corrcoef(diabetes.x.T),
        explanation=explanation,
        dependence=dependence,
    )


def two_importances(session, data):
    """LMG and permutation importance of the features of diabetes, each in parts of the variance of the target."""
    d, variance = data.x.shape[1], np.var(data.y)
    lmg = shapley_exact(RefitR2Game(data.x, data.y), d)
    model = LinearRegression()
    model.fit_closed_form(data.x, data.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorrelatedFeaturesWarning)  # it is what this part shows
        found = permutation_importance(
            model,
            data.x,
            data.y,
            "mse",
            session.choose(50, 200),
            session.seed,
            names=data.feature_names,
        )
    kinds = {"LMG": lmg, "permutation": found.mean / variance}
    errors = {"permutation": found.standard_error / variance}
    report = ImportanceReport(kinds, data.feature_names, errors)
    gap, first = abs(lmg.sum() - R2), report.order("permutation")[0]
    metrics = [
        Metric(f"LMG of {report.names[j]}, part of the variance", float(lmg[j])) for j in report.order("LMG")[:3]
    ]
    return report, [
        *metrics,
        Metric("sum of LMG, which is R²", float(lmg.sum()), target=f"{R2} (scikit-learn)", reached=bool(gap < 1e-6)),
        Metric(f"LMG rank of {report.names[first]}, first by permutation", int(report.rank("LMG")[first])),
        Metric("correlation of s1 and s2", float(np.corrcoef(data.x[:, 4], data.x[:, 5])[0, 1])),
    ]


def explained(session, data):
    """A network on tumours, the Shapley values of predictions on tumours that it has not seen, and its accuracy."""
    split = data.split(seed=session.seed)
    mean, scale = split.x_train.mean(axis=0), split.x_train.std(axis=0)
    x, x_test = ((rows - mean) / scale for rows in (split.x_train, split.x_test))
    model = MLP((x.shape[1], 16, 1), "relu")
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)])
    session.fit(model, "tumours", x, split.y_train, epochs=session.choose(10, 30), batch_size=64)
    accuracy = np.mean((model.predict(x_test, verbose=0)[:, 0] > 0) == split.y_test)
    rng = session.rng(1)
    background = x[rng.choice(len(x), session.choose(50, 100), replace=False)]
    rows = x_test[: session.choose(20, len(x_test))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorrelatedFeaturesWarning)  # radius, perimeter and area: they are many
        found = shapley_values(model, rows, background, names=data.feature_names, seed=session.seed, progress=False)
    best = found.importance().order()[0]
    return found, partial_dependence(model, x_test, int(best), names=data.feature_names), float(accuracy)


def _figures(session, found, accuracy):
    """Key figures of the second part."""
    gap, error = found.efficiency_gap, float(found.standard_errors.max())
    importance = found.importance()
    first = importance.order()[0]
    # by standard tools a network has 0.95 to 0.98 on a fifth of the tumours, with a standard error of 0.015
    reached = None if session.quick else bool(accuracy >= 0.93)
    yield Metric("accuracy of the network on new tumours", accuracy, target=">= 0.93", reached=reached)
    # telescoping sums in float64 of predictions up to some 30: 60 roundings of 1e-16 times 30
    yield Metric("efficiency gap, largest", gap, target="< 1e-10", reached=bool(gap < 1e-10))
    yield Metric("standard error of a Shapley value, largest", error, "logits")
    yield Metric("the same, by the range of the predictions", error / float(np.ptp(found.predictions)))
    yield Metric(f"mean |Shapley value| of {importance.names[first]}", float(importance.values["mean |value|"][first]))
