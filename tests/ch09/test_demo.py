"""Parts of chapter 9's demo, without training."""

import numpy as np
from sklearn.linear_model import Ridge

from mathdl_keras.chapters.ch09.demo import KEEP, TRAINING, divide, explained, paths, quadratic, sweep
from mathdl_keras.core.datasets import diabetes

DATA = diabetes()


def test_features_are_the_measurements_their_squares_and_products():
    x = np.array([[2.0, 3.0]])
    np.testing.assert_array_equal(quadratic(x), [[2, 3, 4, 6, 9]])
    assert quadratic(DATA.x).shape[1] == 65


def test_patients_are_divided_and_standardised_by_those_that_train():
    x, y, x_test, y_test = divide(DATA, 3)
    assert len(x) == TRAINING and len(x) + len(x_test) == len(DATA.x)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=0), 1)
    assert abs(y.mean()) < 1e-10 and abs(y_test.mean()) < 20


def test_the_curve_is_the_r2_of_ridge_regressions():
    curve = sweep(DATA, splits=2, seed=5)
    assert curve.shape == (2, len(KEEP))
    x, y, x_test, y_test = divide(DATA, 6)
    for k, keep in enumerate(KEEP[1:], 1):
        w = Ridge(alpha=TRAINING * (1 - keep) / keep, fit_intercept=False).fit(x, y).coef_  # features have size 1
        np.testing.assert_allclose(curve[1, k], explained(x_test, y_test, w), rtol=1e-9)


def test_paths_end_at_zero_and_start_near_least_squares():
    view = paths(DATA)
    assert len(view.names) == 10
    for penalties, kernel, *_ in (view.ridge, view.lasso):
        assert np.all(np.diff(penalties) > 0)
        assert np.abs(kernel[-1]).max() < 0.05 * np.abs(kernel[0]).max()
    assert np.abs(view.lasso[1][-1]).max() < 1e-9  # from there on all are zero
