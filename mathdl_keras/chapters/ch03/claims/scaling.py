"""Claims of §3.4 and §3.5: how sharp a transition is, and what the units of the features change."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.claims.likelihood import hessian_at, sklearn_weights, tumours, with_ones
from mathdl_keras.chapters.ch03.descent import logistic_descent
from mathdl_keras.chapters.ch03.layers import Normalization
from mathdl_keras.chapters.ch03.models import LogisticRegression
from mathdl_keras.chapters.ch03.solvers import fisher_information, irls
from mathdl_keras.chapters.ch03.transitions import transition_point
from mathdl_keras.chapters.ch03.transitions import transition_width as width_of
from mathdl_keras.core.claims import claim, close_to, equals


@claim(
    "3.4",
    "S(wx + b) is 1/2 at -b/w and goes from 10 % to 90 % over 2 log 9 / |w|",
    refuted_by={"log 9": {"logits": 1}},
    precision="float64",
)
def transition_width(rng, *, w=-3.7, b=1.2, logits=2):
    model = LogisticRegression()
    model.build((None, 1))
    model.set_weights([np.array([[w]]), np.array([b])])
    middle, low, high = (_where(model, p) for p in (0.5, 0.1, 0.9))
    # p carries a few roundings; its slope is |w| p (1 - p) >= 1/3 here
    return (
        equals(middle, -b / w, roundings=100, label="point, of the model"),
        equals(transition_point(np.float64(w), np.float64(b)), -b / w, roundings=4, label="point"),
        equals(abs(high - low), logits * np.log(9) / abs(w), roundings=100, label="width, of the model"),
        equals(width_of(np.float64(w)), logits * np.log(9) / abs(w), roundings=10, label="width"),
    )


def _where(model, p, points=1001):
    """Where the probability of a model of one feature is p, by grids that are refined."""
    low, high = -10.0, 10.0
    for _ in range(6):
        x = np.linspace(low, high, points)
        values = ops.convert_to_numpy(model(x[:, None]))[:, 0]
        k = int(np.clip(np.sum((values < p) == (values[0] < p)), 1, points - 1))
        low, high = x[k - 1], x[k]
    return (low + high) / 2


def no_shift(layer, w, b):
    """The weights in raw units, without what the means add to the intercept."""
    return w / ops.convert_to_numpy(layer.scale), b


@claim(
    "3.5",
    "standardised features give the same probabilities and, through unscale, the same weights; the Hessian is tamer",
    refuted_by={"no intercept shift": {"unscale": no_shift}},
    precision="float64",
)
def normalization_equivariance(rng, *, unscale=Normalization.unscale):
    x, y = tumours()
    layer = Normalization()
    layer.adapt(x)
    designs = {"raw": with_ones(x), "standardised": with_ones(ops.convert_to_numpy(layer(x)))}
    w = {units: ops.convert_to_numpy(irls(X, y).weights) for units, X in designs.items()}
    p = {units: 1 / (1 + np.exp(-X @ w[units])) for units, X in designs.items()}
    w_raw, b_raw = unscale(layer, w["standardised"][:-1], w["standardised"][-1])
    verdicts = []
    for units, X in designs.items():
        H = hessian_at(sklearn_weights(X[:, :-1], y), X)
        condition = np.linalg.cond(ops.convert_to_numpy(fisher_information(X, w[units])))
        verdicts.append(close_to(condition, np.linalg.cond(H), relative=1e-4, label=f"condition number, {units}"))
    # the condition number of the raw Hessian, 7e6, is what roundings grow by
    return (
        equals(p["standardised"], p["raw"], roundings=9e6, label="probabilities"),
        equals(
            np.append(w_raw, b_raw), w["raw"], roundings=9e6, scale=np.abs(w["raw"]).max(), label="unscaled weights"
        ),
        *verdicts,
    )


@claim(
    "3.5",
    "near the minimum gradient descent gains -log(1 - eta lambda_min) a step, lambda_min of the Hessian there",
    refuted_by={"Hessian at w = 0": {"place": np.zeros_like}},
    precision="float64",
)
def gd_local_rate(rng, *, first=800, last=1500, place=lambda w: w):
    x, y = tumours()
    X = with_ones((x - x.mean(axis=0)) / x.std(axis=0))
    best = ops.convert_to_numpy(irls(X, y).weights)
    w = ops.convert_to_numpy(logistic_descent(X, y, steps=first))
    v = ops.convert_to_numpy(logistic_descent(X, y, steps=last - first, start=w))
    measured = np.log(np.linalg.norm(w - best) / np.linalg.norm(v - best)) / (last - first)
    eta = 4 * len(X) / np.linalg.eigvalsh(X.T @ X)[-1]
    least = np.linalg.eigvalsh(hessian_at(place(sklearn_weights(X[:, :-1], y)), X))[0]
    # the other directions are gone by then, and what is nonlinear is of the order of the error, below 1 %
    return close_to(measured, -np.log(1 - eta * least), relative=0.01, label="gain a step")
