"""Parts of chapter 10's demo, without training."""

import io

import keras
import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.chapters.ch10.demo import (
    NORMALIZED,
    PLAIN,
    SIZES,
    batch_kurtosis,
    networks,
    pre_activations,
    rows,
    train_inference_gap,
)
from mathdl_keras.core.datasets import digits
from mathdl_keras.core.demo import Session

SPLIT = digits().split(seed=0)
X = rows(SPLIT.x_train)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return Session("digits", tmp_path_factory.mktemp("out"), quick=True, console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def models(session):
    return networks(X, 10)


def test_normalization_keeps_the_values_of_each_layer_spread(models):
    spread = {name: [Z.std(axis=0).mean() for Z in pre_activations(model, X)] for name, model in models.items()}
    assert len(spread[PLAIN]) == len(spread[NORMALIZED]) == 6
    # logistic units of slope 1/4 forget the image layer by layer: the spread over images falls
    assert spread[PLAIN][-1] < 0.01 * spread[PLAIN][0]
    # v / (v + 0.001) for what is normalized
    assert min(spread[NORMALIZED]) > 0.8 and max(spread[NORMALIZED]) <= 1.001


def test_a_look_at_the_network_does_not_move_its_moments(models, session):
    model = models[NORMALIZED]
    before = model.get_weights()
    gaps = train_inference_gap(session, model, X[:256], SPLIT.y_train[:256], repeats=1, sizes=(256,))
    assert gaps.distance.shape == gaps.training.shape == (1,)
    assert gaps.distance[0] > 0.01  # the moving moments have not moved yet
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_kurtosis_of_normal_values_is_that_of_theory(session):
    values = [np.random.default_rng(0).standard_normal((1000, 200))]
    B = np.array(SIZES)
    # 30 x 200 batches; the standard error of the mean of 4th moments is at most sqrt(96/4)/sqrt(6000)
    np.testing.assert_allclose(batch_kurtosis(session, values, 30)[0], 3 * (B - 1) / (B + 1), atol=4 * 0.063)


def test_both_networks_have_one_recipe(models):
    assert all(isinstance(model.optimizer, keras.optimizers.SGD) for model in models.values())
    assert {round(float(model.optimizer.learning_rate), 6) for model in models.values()} == {0.5}
