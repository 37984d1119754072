"""Chapter 11 on real patients: how much of the body mass index does the progression of diabetes follow?

(a) §11.4, §11.5. Polynomials of degree 0 to 10 are fitted to 442 patients and cross-validated on ten folds, always the
same ones. The training error falls with every degree; the validation error is lowest for a straight line. Its standard
errors are large: degrees 1 to 7 are within one of them, and the rule of one standard error takes the simplest.

(b) §11.5. The choice itself is random: the folds are drawn again and again, and each time a degree is chosen.

(c) §11.4. Whether more patients would help: the errors of degrees 1 and 8, trained on a few patients and on more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch11.cross_validation import cross_validate
from mathdl_keras.chapters.ch11.curves import Curve, LearningCurve, ValidationCurve
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.chapters.ch11.risk import loo_mse
from mathdl_keras.chapters.ch11.selection import select_candidate
from mathdl_keras.chapters.ch11.splits import KFold
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

DATASETS = ("diabetes",)

FOLDS = 10
SHOWN = (1, 3, 10)
LEARNING = (1, 8)
REFERENCE = 3916.0  # validation error of degree 1, on the folds of seed 0, by scikit-learn


@dataclass(frozen=True, kw_only=True)
class SelectionResults(Results):
    """What was found about the degree of the polynomial; errors are in squared units of the progression.

    Attributes:
        x: Shape `(patients,)`, the body mass index in kg/m².
        y: Shape `(patients,)`, the progression after one year.
        curve: Training and validation errors of each degree.
        chosen: Shape `(2, resplits)`, the degrees chosen on new folds: by the least error, and by one standard error.
        grid: Shape `(points,)`, body mass indices.
        fits: From some degrees to the polynomial fitted to all patients, shape `(points,)`, on the grid.
        learning: From a degree to its errors for several numbers of patients.
        leave_one_out: The leave-one-out error of each degree.
    """

    x: np.ndarray
    y: np.ndarray
    curve: Curve
    chosen: np.ndarray
    grid: np.ndarray
    fits: Mapping[int, np.ndarray]
    learning: Mapping[int, Curve]
    leave_one_out: Sequence[float]


def run(session: Session) -> SelectionResults:
    """All three parts."""
    data = datasets.load(session.dataset)
    x, y = data.x[:, [data.feature_names.index("bmi")]], data.y
    domain = (float(x.min()), float(x.max()))

    def polynomial(degree):
        return PolynomialRegression(degree, domain=domain)

    degrees = session.choose((0, 1, 2, 3, 8), tuple(range(11)))
    folds = KFold(FOLDS, shuffle=True, seed=session.seed)
    curve = ValidationCurve(polynomial, degrees, folds).run(x, y)
    chosen = choices(session, polynomial, degrees, x, y)
    grid, fitted = fits(polynomial, x, y, domain)
    learning = {
        degree: learn(session, polynomial, degree, x, y) for degree in session.track(LEARNING, "learning curves")
    }
    leave_one_out = [loo_mse(polynomial(degree).design(x), y) for degree in degrees]
    return SelectionResults(
        [*_errors(session, curve), *_choice(curve, chosen, leave_one_out)],
        [data],
        x=x[:, 0],
        y=y,
        curve=curve,
        chosen=chosen,
        grid=grid,
        fits=fitted,
        learning=learning,
        leave_one_out=leave_one_out,
    )


def choices(session, polynomial, degrees, x, y):
    """The degrees chosen on folds that are drawn anew, by both rules: (2, resplits)."""
    chosen = []
    for split in session.track(range(session.choose(5, 50)), "new folds"):
        folds = KFold(FOLDS, shuffle=True, seed=1000 * (session.seed + 1) + split)
        scores = [cross_validate(lambda d=degree: polynomial(d), x, y, folds) for degree in degrees]
        chosen.append([degrees[select_candidate(scores, rule)] for rule in ("min", "one_se")])
    return np.array(chosen).T


def fits(polynomial, x, y, domain, points=200):
    """A grid, and the polynomials of some degrees on it, fitted to all patients."""
    grid, fitted = np.linspace(*domain, points)[:, None], {}
    for degree in SHOWN:
        model = polynomial(degree)
        kernel = model.fit_closed_form(x, y)
        fitted[degree] = model.design(grid) @ kernel[:, 0]
    return grid[:, 0], fitted


def learn(session, polynomial, degree, x, y):
    """The learning curve of one degree."""
    sizes = session.choose([100, 390], [25, 35, 50, 75, 100, 150, 200, 300, 390])
    folds = KFold(FOLDS, shuffle=True, seed=session.seed)
    return LearningCurve(lambda: polynomial(degree), sizes, folds).run(x, y, seed=session.seed)


def _errors(session, curve):
    first, last = float(curve.validation[1]), curve.values[-1]
    near = abs(first / REFERENCE - 1) <= 0.01
    target = {"target": "3916 within 1 %", "reached": bool(near)} if session.seed == 0 else {}
    yield Metric("validation error of degree 1, ten folds", first, **target)
    yield Metric("its standard error", float(curve.standard_error[1]))
    yield Metric("validation error of degree 0", float(curve.validation[0]))
    yield Metric(f"validation error of degree {last}", float(curve.validation[-1]))
    yield Metric("training error of degree 1", float(curve.train[1]))
    yield Metric(f"training error of degree {last}", float(curve.train[-1]))


def _choice(curve, chosen, leave_one_out):
    for rule, name in (("min", "least validation error"), ("one_se", "one standard error")):
        degree = curve.select(rule)
        yield Metric(f"degree chosen, {name}", degree, target="<= 2", reached=bool(degree <= 2))
    yield Metric("degree chosen, leave one out", curve.values[int(np.argmin(leave_one_out))])
    for row, name in zip(chosen, ("least error", "one standard error"), strict=True):
        yield Metric(f"share of {len(row)} new foldings that choose degree 1, {name}", float(np.mean(row == 1)))
