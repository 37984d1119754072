"""Streaming R squared against scikit-learn, whatever the batches, and in compiled evaluation."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.metrics import r2_score

from mathdl_keras.metrics import R2Score

rng = np.random.default_rng(0)
Y = rng.standard_normal((50, 3))
M = 0.7 * Y + 0.4 * rng.standard_normal((50, 3)) + [0, 1, 0.2]
SPLITS = {"whole": [50], "even": [10] * 5, "ragged": [1, 30, 2, 1, 16], "single rows": [1] * 50}


def streamed(y, m, sizes=(50,), weight=None, **settings):
    metric, start = R2Score(**settings), 0
    for size in sizes:
        part = slice(start, start + size)
        metric.update_state(y[part], m[part], None if weight is None else weight[part])
        start += size
    return ops.convert_to_numpy(metric.result())


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("average", ["uniform_average", "variance_weighted_average", None])
def test_any_split_gives_the_r2_of_scikit_learn(split, average):
    names = {"uniform_average": "uniform_average", "variance_weighted_average": "variance_weighted", None: "raw_values"}
    expected = r2_score(Y, M, multioutput=names[average])
    np.testing.assert_allclose(streamed(Y, M, SPLITS[split], class_aggregation=average), expected, atol=2e-6)


@pytest.mark.parametrize("split", SPLITS)
def test_weights_are_those_of_scikit_learn(split):
    weight = rng.random(50) * (rng.random(50) > 0.3)
    expected = r2_score(Y, M, sample_weight=weight)
    for w in (weight, weight[:, None]):
        np.testing.assert_allclose(streamed(Y, M, SPLITS[split], w), expected, atol=2e-6)


@pytest.mark.parametrize("split", ["even", "ragged"])
def test_a_large_offset_costs_the_digits_of_the_data_and_no_more(split):
    """Targets around 10,000 with deviation 1, float32: the data are rounded by 6e-4; sums of squares would lose all."""
    y, m = ((v[:, 0] + 1e4).astype("float32") for v in (Y, M))
    expected = r2_score(y.astype("float64"), m.astype("float64"))
    assert abs(streamed(y, m, SPLITS[split]) - expected) < 1e-4
    flawed = keras.metrics.R2Score()
    flawed.update_state(y[:, None], m[:, None])
    assert abs(float(ops.convert_to_numpy(flawed.result())) - expected) > 0.01


def test_adjusted():
    plain = r2_score(Y[:, 0], M[:, 0])
    expected = 1 - (1 - plain) * 49 / (50 - 4 - 1)
    np.testing.assert_allclose(streamed(Y[:, 0], M[:, 0], num_regressors=4), expected, atol=2e-6)
    assert np.isnan(streamed(Y[:5, 0], M[:5, 0], [5], num_regressors=4))


@pytest.mark.parametrize("average", ["uniform_average", "variance_weighted_average", None])
@pytest.mark.parametrize("regressors", [0, 1, 4])
def test_a_drop_in_for_the_metric_of_keras(regressors, average):
    """Keras takes each target's rows for rows of their own in the adjusted form: it is given one target there."""
    targets = slice(0, 1) if regressors else slice(0, 3)
    peer = keras.metrics.R2Score(average, regressors)
    for rows in (slice(0, 20), slice(20, 50)):
        peer.update_state(Y[rows, targets], M[rows, targets])
    ours = streamed(Y[:, targets], M[:, targets], (20, 30), class_aggregation=average, num_regressors=regressors)
    np.testing.assert_allclose(ours, ops.convert_to_numpy(peer.result()), atol=4e-6)


def test_earlier_files_hold_other_arguments():
    old = {"name": "r2", "dtype": "float32", "adjusted": True, "n_features": 4, "class_aggregation": None}
    assert R2Score.from_config(old).num_regressors == 4
    assert R2Score.from_config(old | {"adjusted": False}).num_regressors == 0


@pytest.mark.parametrize("sizes", [[50], [7, 43], [1] * 50])
@pytest.mark.parametrize("value", [0.1, 0.0, 1e7 + 1])
def test_a_constant_target_has_no_r2(value, sizes):
    y = np.full(50, value, "float32")
    assert np.isnan(streamed(y, M[:, 0], sizes))
    assert np.isnan(streamed(y, y, sizes))


def test_without_data_and_after_a_reset_there_is_no_value():
    metric = R2Score()
    assert np.isnan(ops.convert_to_numpy(metric.result()))
    metric.update_state(Y, M)
    metric.reset_state()
    assert np.isnan(ops.convert_to_numpy(metric.result()))
    metric.update_state(Y[:, 0:3], Y)
    assert float(ops.convert_to_numpy(metric.result())) == 1.0


@pytest.mark.parametrize("flat", [True, False])
def test_in_fit_and_evaluate(flat):
    x, y = rng.standard_normal((70, 2)).astype("float32"), rng.standard_normal((70, 1)).astype("float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[R2Score(), R2Score(num_regressors=2, name="adjusted")])
    target = y[:, 0] if flat else y
    history = model.fit(x, target, batch_size=32, epochs=2, validation_data=(x, target), verbose=0).history
    measured = model.evaluate(x, target, batch_size=32, verbose=0, return_dict=True)
    expected = r2_score(y, model.predict(x, verbose=0))
    assert measured["r2_score"] == pytest.approx(expected, abs=2e-6) == history["val_r2_score"][-1]
    assert measured["adjusted"] == pytest.approx(1 - (1 - expected) * 69 / 67, abs=2e-6)


def test_float64_is_kept():
    from mathdl_keras.core.precision import dtype_of, float64

    with float64():
        metric = R2Score(dtype="float64")
        metric.update_state(Y, M)
        assert dtype_of(metric.result()) == "float64"
        assert float(ops.convert_to_numpy(metric.result())) == pytest.approx(r2_score(Y, M), abs=1e-14)


def test_errors_are_one_clear_line():
    with pytest.raises(ValueError, match="num_regressors must be an integer >= 0; received num_regressors=-1"):
        R2Score(num_regressors=-1)
    with pytest.raises(ValueError, match="class_aggregation must be one of .*; received 'sum'"):
        R2Score(class_aggregation="sum")
    with pytest.raises(ValueError, match="y_true and y_pred must have one shape"):
        R2Score().update_state(Y, M[:, :2])
    with pytest.raises(ValueError, match=r"y_true must have shape \(batch,\) or \(batch, targets\)"):
        R2Score().update_state(Y[None], M[None])


def test_config_round_trip():
    metric = R2Score(num_regressors=3, class_aggregation=None, name="mine")
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert again.get_config() == metric.get_config()
