"""The metrics of chapter 3: scikit-learn and SciPy as oracles, any division into batches, inside `evaluate`."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats
from sklearn import calibration
from sklearn import metrics as sklearn_metrics

from mathdl_keras.core.loops import compiled
from mathdl_keras.metrics import ROCAUC, CalibrationCurve, ConfusionMatrix, LogLoss, exact_auc

rng = np.random.default_rng(0)
N, K = 101, 4
Y = rng.integers(0, 2, N)
SCORES = np.round(rng.standard_normal(N) + Y, 1).astype("float32")  # with ties
P = special.expit(SCORES)
CLASSES = rng.integers(0, K, N)
PK = special.softmax(rng.standard_normal((N, K)), axis=1).astype("float32")
W = rng.integers(0, 4, N).astype("float32")

STREAMS = {
    "confusion": (lambda: ConfusionMatrix(), Y, P),
    "confusion of classes": (lambda: ConfusionMatrix(K), CLASSES, PK),
    "AUC": (lambda: ROCAUC(capacity=N), Y, SCORES),
    "log loss": (lambda: LogLoss(), Y, P),
    "log loss of classes": (lambda: LogLoss(), CLASSES, PK),
    "calibration": (lambda: CalibrationCurve(5), Y, P),
}


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("column", [False, True], ids=["(B,)", "(B, 1)"])
@pytest.mark.parametrize("sizes", [[N], [1, 100], [30, 30, 41], [1] * N], ids=str)
@pytest.mark.parametrize("name", STREAMS)
def test_any_division_into_batches_gives_the_result_of_the_whole(name, sizes, column):
    make, y, p = STREAMS[name]
    whole, parts = make(), make()
    whole.update_state(y, p)
    shape = (-1, 1) if column and p.ndim == 1 else p.shape[1:] if p.ndim == 1 else (-1, K)
    for part_y, part_p in zip(*(np.split(v, np.cumsum(sizes)[:-1]) for v in (y, p)), strict=True):
        parts.update_state(part_y[:, None] if column else part_y, part_p.reshape(shape) if column else part_p)
    # sums of N terms of order one, in float32
    np.testing.assert_allclose(numpy(parts.result()), numpy(whole.result()), rtol=N * 2.0**-24)
    parts.reset_state()
    parts.update_state(y, p)
    np.testing.assert_array_equal(numpy(parts.result()), numpy(whole.result()))


def result(metric, y, p, **kwargs):
    metric.update_state(y, p, **kwargs)
    return numpy(metric.result())


def test_confusion_matrix_is_that_of_scikit_learn():
    confusion = sklearn_metrics.confusion_matrix
    np.testing.assert_array_equal(result(ConfusionMatrix(), Y, P), confusion(Y, P > 0.5))
    np.testing.assert_array_equal(result(ConfusionMatrix(threshold=0.7), Y, P), confusion(Y, P > np.float32(0.7)))
    np.testing.assert_array_equal(result(ConfusionMatrix(K), CLASSES, PK), confusion(CLASSES, PK.argmax(axis=1)))
    assert ConfusionMatrix.from_config({"classes": 3}).num_classes == 3  # as earlier files hold it
    weighted = confusion(Y, P > 0.5, sample_weight=W)
    np.testing.assert_array_equal(result(ConfusionMatrix(), Y, P, sample_weight=W), weighted)


def test_log_loss_is_that_of_scikit_learn_from_probabilities_and_logits():
    binary, several = sklearn_metrics.log_loss(Y, P.astype("float64")), sklearn_metrics.log_loss(CLASSES, PK)
    np.testing.assert_allclose(result(LogLoss(), Y, P), binary, rtol=1e-6)
    np.testing.assert_allclose(result(LogLoss(from_logits=True), Y, SCORES), binary, rtol=1e-6)
    np.testing.assert_allclose(result(LogLoss(), CLASSES, PK), several, rtol=1e-6)
    np.testing.assert_allclose(result(LogLoss(from_logits=True), CLASSES, np.log(PK) + 3), several, rtol=1e-6)
    weighted = sklearn_metrics.log_loss(Y, P.astype("float64"), sample_weight=W)
    np.testing.assert_allclose(result(LogLoss(), Y, P, sample_weight=W), weighted, rtol=1e-6)


def test_calibration_curve_is_that_of_scikit_learn():
    metric = CalibrationCurve(bins=5)
    mean, frequency, count = result(metric, Y, P).T
    expected_frequency, expected_mean = calibration.calibration_curve(Y, P, n_bins=5)
    np.testing.assert_allclose(mean[count > 0], expected_mean, rtol=1e-5)
    np.testing.assert_allclose(frequency[count > 0], expected_frequency, rtol=1e-5)
    assert count.sum() == N


def test_calibration_curve_has_all_of_the_unit_interval_and_nan_for_nothing():
    curve = result(CalibrationCurve(bins=4), [0, 1], [0.0, 1.0])
    np.testing.assert_array_equal(curve[:, 2], [1, 0, 0, 1])
    assert np.all(np.isnan(curve[1:3, :2])) and curve[3, :2].tolist() == [1, 1]
    weighted = result(CalibrationCurve(bins=1), [0, 1], [0.25, 0.75], sample_weight=[1.0, 3.0])
    assert weighted.tolist() == [[0.625, 0.75, 4.0]]


def test_auc_is_mann_whitney_with_ties_and_extremes():
    u = stats.mannwhitneyu(SCORES[Y == 1], SCORES[Y == 0]).statistic
    assert abs(result(ROCAUC(capacity=N), Y, SCORES) - u / (Y == 1).sum() / (Y == 0).sum()) < 1e-6
    for y, s, area in (([1, 0], [2, 1], 1), ([1, 0], [1, 2], 0), ([1, 0, 1], [3, 3, 3], 0.5)):
        assert float(numpy(exact_auc(y, np.array(s, "float32")))) == area
    assert np.isnan(numpy(exact_auc([1, 1], np.array([1.0, 2.0]))))


def test_auc_of_keras_differs_by_its_grid_only():
    coarse = result(keras.metrics.AUC(num_thresholds=2000), Y, P)
    assert abs(coarse - result(ROCAUC(), Y, P)) < 1e-3


def test_auc_says_when_its_buffer_was_too_small():
    metric = ROCAUC(capacity=N - 1)
    assert np.isnan(result(metric, Y, SCORES))
    metric.reset_state()
    assert np.isfinite(result(metric, Y[1:], SCORES[1:]))
    metric.reset_state()
    assert np.isnan(numpy(metric.result())) and result(metric, [1, 0], [-1.0, -2.0]) == 1, "nothing is left of before"
    assert np.isnan(numpy(ROCAUC().result()))
    with pytest.raises(ValueError, match="sample_weight must be None"):
        metric.update_state(Y, SCORES, sample_weight=W)


def test_auc_function_compiles_and_refuses_other_ranks():
    area = compiled(exact_auc)(ops.convert_to_tensor(Y), ops.convert_to_tensor(SCORES))
    np.testing.assert_allclose(numpy(area), sklearn_metrics.roc_auc_score(Y, SCORES), rtol=1e-6)
    with pytest.raises(ValueError, match="y and score must have shape"):
        exact_auc(Y[:, None], SCORES)


def test_all_work_inside_fit_and_evaluate_with_batches_of_unequal_size():
    x = rng.standard_normal((N, 3)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    metrics = [ConfusionMatrix(), ROCAUC(), LogLoss(), CalibrationCurve(4)]
    model.compile("sgd", "binary_crossentropy", metrics=metrics)
    model.fit(x, Y, batch_size=40, verbose=0, validation_data=(x, Y))
    logs = model.evaluate(x, Y, batch_size=40, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)[:, 0]
    np.testing.assert_array_equal(logs["confusion_matrix"], sklearn_metrics.confusion_matrix(Y, p > 0.5))
    np.testing.assert_allclose(logs["auc"], sklearn_metrics.roc_auc_score(Y, p), rtol=1e-6)
    np.testing.assert_allclose(logs["log_loss"], logs["loss"], rtol=1e-5)
    assert numpy(logs["calibration_curve"])[:, 2].sum() == N
