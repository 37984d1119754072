"""The solvers of chapter 3: scikit-learn and SciPy as oracles, replicates, hard data, bad data."""

import numpy as np
import pytest
from keras import ops
from scipy import special
from sklearn.linear_model import LogisticRegression as Sklearn

from mathdl_keras.chapters.ch03 import solvers
from mathdl_keras.chapters.ch03.multinomial import softmax_newton
from mathdl_keras.core import datasets
from mathdl_keras.core.precision import allow_float64, dtype_of
from mathdl_keras.descent import logistic_descent
from mathdl_keras.linear_model import fisher_information, irls, transition_point, transition_width
from mathdl_keras.ops import one_hot

rng = np.random.default_rng(0)
M, D = 200, 4
X = np.column_stack([rng.standard_normal((M, D - 1)) * [1, 5, 0.2] + 1, np.ones(M)])
Y = (rng.random(M) < special.expit(X @ [1, -0.3, 2, 0.2])).astype("float64")
FREE = np.array([0.1, 0.1, 0.1, 0.0])  # the intercept is not penalised


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def loss(w, X=X, Y=Y, lam=0.0):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - Y * z) + np.sum(lam * w**2) / 2


def gradient(w, X=X, Y=Y, lam=0.0):
    return X.T @ (special.expit(X @ w) - Y) / len(Y) + lam * w


def solved(*arguments, **kwargs):
    """In float64, with NumPy results."""
    with allow_float64():
        found = irls(*arguments, **kwargs)
        assert dtype_of(found.weights) == dtype_of(arguments[0])
        return type(found)(*(numpy(v) for v in found))


@pytest.mark.parametrize("lam", [0.0, 0.1, FREE], ids=["none", "all", "all but one"])
def test_irls_annuls_the_gradient(lam):
    found = solved(X, Y, np.asarray(lam) / 2)
    assert found.converged and not found.separated and found.steps <= 8
    assert np.abs(gradient(found.weights, lam=lam)).max() < 1e-14
    assert found.gradient_norm < 1e-12  # before the last step


def test_irls_is_scikit_learn():
    peer = Sklearn(C=1 / (M * 0.1), tol=1e-10, solver="newton-cholesky").fit(X[:, :-1], Y)
    np.testing.assert_allclose(solved(X, Y, FREE / 2).weights, np.append(peer.coef_[0], peer.intercept_), rtol=1e-6)


def test_replicates_are_solved_together_and_each_as_if_alone():
    many = np.stack([X, 2 * X[::-1], X + rng.standard_normal(X.shape)]).reshape(3, 1, M, D)
    labels = np.stack([Y, Y[::-1], Y]).reshape(3, 1, M)
    found = solved(many, labels, 0.01)
    assert found.weights.shape == (3, 1, D) and found.converged.shape == (3, 1) and found.converged.all()
    for k in range(3):
        np.testing.assert_allclose(found.weights[k, 0], solved(many[k, 0], labels[k, 0], 0.01).weights, rtol=1e-12)


def test_float32_stays_float32_and_is_as_good_as_it_can_be():
    found = irls(X.astype("float32"), Y)
    assert dtype_of(found.weights) == "float32" and bool(found.converged)
    np.testing.assert_allclose(numpy(found.weights), solved(X, Y).weights, rtol=1e-4)


def test_lists_of_integers_are_numbers_too():
    found = irls([[0, 1], [0, 1], [1, 1], [1, 1], [1, 1]], [0, 1, 0, 1, 1])
    np.testing.assert_allclose(numpy(found.weights), [np.log(2), 0], atol=1e-6)


def test_units_of_the_features_change_nothing():
    """The decrement has no units: as many steps, and weights in inverse units."""
    scale = np.array([1e-6, 1e6, 1.0, 1.0])
    a, b = solved(X, Y), solved(X * scale, Y)
    assert a.steps == b.steps
    np.testing.assert_allclose(b.weights * scale, a.weights, rtol=1e-9)


@pytest.mark.parametrize("order", ["as they come", "sorted"])
def test_many_rows_begin_with_a_part_of_them(order, monkeypatch):
    """Also where the rows are sorted by label; and a part that misleads costs nothing but steps."""
    monkeypatch.setattr(solvers, "MANY_ROWS", 0)
    n = 3000
    x = np.column_stack([rng.standard_normal((n, 3)), np.ones(n)])
    y = (rng.random(n) < special.expit(x @ [1, -1, 2, 0.3])).astype("float64")
    if order == "sorted":
        x, y = x[np.argsort(y)], np.sort(y)
    found = solved(x, y)
    assert found.converged and found.steps <= 5
    assert np.abs(gradient(found.weights, x, y)).max() < 1e-14
    y[::10] = x[::10, 0] > 0  # every tenth row can be separated
    assert np.abs(gradient(solved(x, y).weights, x, y)).max() < 1e-14


def full_steps_fail(x, y):
    """Whether the loss goes up by more than one under Newton's method without damping."""
    w, losses = np.zeros(x.shape[1]), [np.log(2)]
    for _ in range(20):
        p = special.expit(x @ w)
        w = w - np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]), x.T @ (p - y))
        losses.append(loss(w, x, y))
        if losses[-1] > losses[-2] + 1:
            return True
    return False


@pytest.mark.parametrize("seed", [432, 473, 517, 1787, 2730])
def test_a_step_too_long_is_halved(seed):
    """Rows of very different sizes, the largest with the wrong label: full steps leave, never to return."""
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-1, 1.5, (30, 1))
    x = np.column_stack([rng.standard_normal((30, 2)) * sizes, np.ones(30)])
    x[0, :2] *= 100
    y = (rng.random(30) < special.expit(x @ [0.5, -0.3, 1.0])).astype("float64")
    y[0] = 1 - y[0]
    assert full_steps_fail(x, y), "else the test shows nothing"
    found = solved(x, y)
    assert found.converged and np.abs(gradient(found.weights, x, y)).max() < 1e-9


def test_separated_data_stop_at_a_certificate():
    x, y = datasets.breast_cancer().x, datasets.breast_cancer().y
    design = np.column_stack([x, np.ones(len(x))])
    found = solved(design, y)
    assert found.separated and not found.converged and found.steps < 20
    assert np.all((2 * y - 1) * (design @ found.weights) > 0)
    penalised = solved(design, y, np.append(np.full(30, 1e-8), 0.0))
    assert penalised.converged and not penalised.separated


def test_ties_alone_are_no_convergence():
    """Quasi-separated: both labels at x = 0. One weight grows by a constant a step, while the loss goes to a limit."""
    x = np.column_stack([[-2.0, -1, 0, 0, 1, 2], np.ones(6)])
    found = solved(x, np.array([0.0, 0, 0, 1, 1, 1]), max_steps=60)
    assert not found.converged and not found.separated and found.steps == 60 and found.weights[0] > 20


@pytest.mark.parametrize("kind", ["collinear", "constant", "zero", "more columns than rows"])
def test_a_singular_hessian_crashes_nothing(kind):
    x = X.copy()
    if kind == "collinear":
        x[:, 0] = x[:, 1] + 3 * x[:, 2]
    elif kind == "constant":
        x[:, 0] = 3.3
    elif kind == "zero":
        x[:, 0] = 0
    else:
        x = np.column_stack([rng.standard_normal((3, 6)), np.ones(3)])
    y = Y[: len(x)] if len(x) > 3 else np.array([0.0, 1.0, 0.0])
    found = solved(x, y)
    assert found.singular and np.all(np.isfinite(found.weights))
    if len(x) > 3:
        assert found.converged and np.abs(gradient(found.weights, x, y)).max() < 1e-12


def test_fisher_information_is_the_hessian_of_the_whole_loss():
    w, h = rng.standard_normal(D), 1e-5
    differences = [(gradient(w + h * e) - gradient(w - h * e)) * M / (2 * h) for e in np.eye(D)]
    with allow_float64():
        np.testing.assert_allclose(numpy(fisher_information(X, w)), differences, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_descent_of_many_steps_is_the_minimiser(penalty):
    with allow_float64():
        x = (X - X.mean(axis=0) * [1, 1, 1, 0]) / np.append(X[:, :-1].std(axis=0), 1)
        w = numpy(logistic_descent(x, Y, **{penalty: {"l1": FREE, "l2": FREE / 2}[penalty]}, steps=5000))
    g = gradient(w, x)
    if penalty == "l2":
        np.testing.assert_allclose(g + FREE * w, 0, atol=1e-12)
    else:  # the subdifferential: -g is lam sign(w), or at most lam in size where w = 0
        assert np.any(w == 0) and np.any(w[:-1] != 0)
        np.testing.assert_allclose(g[w != 0], -(FREE * np.sign(w))[w != 0], atol=1e-12)
        assert np.all(np.abs(g[w == 0]) < 0.1)


def test_one_step_of_descent_is_the_books_formula():
    start = rng.standard_normal(D)
    with allow_float64():
        w = numpy(logistic_descent(X, Y, 0.15, learning_rate=0.2, steps=1, start=start))
    np.testing.assert_allclose(w, start - 0.2 * gradient(start, lam=0.3), atol=1e-15)


@pytest.mark.parametrize("lam", [0.0, 0.02])
def test_softmax_newton_annuls_the_gradient_and_sums_to_zero(lam):
    x = X[:, 1:]
    hot = np.eye(3)[(rng.gumbel(size=(M, 3)) + x @ rng.standard_normal((3, 3)) / 5).argmax(axis=1)]
    penalties = np.array([lam, lam, 0.0])
    with allow_float64():
        found = softmax_newton(x, hot, penalties / 2)
        W = numpy(found.weights).reshape(3, 3)
    p = special.softmax(x @ W.T, axis=1)
    assert bool(found.converged)
    np.testing.assert_allclose((p - hot).T @ x / len(x) + penalties * W, 0, atol=1e-14)
    np.testing.assert_allclose(W.sum(axis=0), 0, atol=1e-9)


def test_softmax_newton_with_two_classes_is_irls():
    with allow_float64():
        W = numpy(softmax_newton(X, np.eye(2)[Y.astype(int)], FREE).weights).reshape(2, D)
    # |W|^2 = 2 |w/2|^2 = |w|^2 / 2 for W = (-w/2, w/2): twice the penalty is that of irls
    np.testing.assert_allclose(W[1] - W[0], solved(X, Y, FREE / 2).weights, rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"x": np.full((M, D), np.nan)}, "x must be finite"),
        ({"x": X[:0], "y": Y[:0]}, "x must not be empty"),
        ({"x": X[0]}, "x and y must have shapes"),
        ({"y": Y[:-1]}, "x and y must have shapes"),
        ({"y": Y + 1}, "y must hold labels 0 or 1; received 2.0"),
        ({"y": Y * np.nan}, "y must hold labels 0 or 1; received nan"),
        ({"l2": -1.0}, "l2 must be >= 0 and finite"),
        ({"l2": np.inf}, "l2 must be >= 0 and finite"),
    ],
)
def test_bad_data_are_one_clear_line(change, match):
    for solver in (irls, logistic_descent):
        with pytest.raises(ValueError, match=match):
            solver(**{"x": X, "y": Y} | change)


def test_bad_arguments_of_descent_and_labels():
    with pytest.raises(ValueError, match="l1 must be >= 0 and finite; received l1=-1.0"):
        logistic_descent(X, Y, l1=-1.0)
    with pytest.raises(ValueError, match=r"y must hold labels 0, ..., 2; received 3"):
        one_hot([0, 3], 3)
    with pytest.raises(ValueError, match="num_classes must be an integer >= 2"):
        one_hot([0, 1], 1)
    np.testing.assert_array_equal(numpy(one_hot(ops.convert_to_tensor([2, 0]), 3)), np.eye(3)[[2, 0]])


def test_transitions_are_where_the_logistic_says():
    w, b = np.array([2.0, -0.5]), np.array([1.0, 3.0])
    np.testing.assert_allclose(special.expit(w * numpy(transition_point(w, b)) + b), 0.5, rtol=1e-6)
    for lo, hi in ((0.1, 0.9), (0.05, 0.5)):
        width = special.logit(hi) - special.logit(lo)
        np.testing.assert_allclose(numpy(transition_width(w, lo, hi)), width / np.abs(w), rtol=1e-6)
    with pytest.raises(ValueError, match="lo and hi must satisfy 0 < lo < hi < 1"):
        transition_width(1.0, 0.9, 0.1)
