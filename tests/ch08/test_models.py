"""A classifier with its own SGD: what it compiles, what `fit` takes, and what it refuses."""

import keras
import numpy as np
import pytest

from mathdl_keras.chapters.ch08.models import MLPClassifier

rng = np.random.default_rng(0)
X = rng.standard_normal((20, 4)).astype("float32")
LABELS = np.argmax(X[:, :3], axis=1)


def model(**kwargs):
    return MLPClassifier((4, 5, 3), "tanh", **{"learning_rate": 0.5, "batch_size": 8} | kwargs)


def test_fit_takes_the_batch_size_of_the_model_unless_given_another():
    net = model()
    net.fit(X, LABELS, epochs=2, verbose=0)
    assert int(net.optimizer.iterations) == 2 * 3
    net.fit(X, LABELS, 4, verbose=0)
    assert int(net.optimizer.iterations) == 6 + 5


class Pairs(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return X[:10], LABELS[:10]


def test_a_data_set_has_batches_of_its_own():
    net = model()
    net.fit(Pairs(), verbose=0)
    assert int(net.optimizer.iterations) == 2


def test_one_hot_rows_and_labels_train_the_same_and_training_learns():
    first, second = model(), model()
    start = [0.5 * rng.standard_normal(w.shape) for w in first.get_weights()]
    first.set_weights(start), second.set_weights(start)
    settings = {"epochs": 30, "shuffle": False, "verbose": 0}
    history = first.fit(X, LABELS, **settings).history
    second.fit(X, np.eye(3)[LABELS], **settings)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert history["accuracy"][-1] > history["accuracy"][0]
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_it_is_compiled_with_plain_sgd_and_may_be_compiled_again():
    net = model()
    config = net.optimizer.get_config()
    assert isinstance(net.optimizer, keras.optimizers.SGD) and config["momentum"] == 0
    assert config["learning_rate"] == pytest.approx(0.5)
    net.compile(keras.optimizers.Adam(0.01))
    net.fit(X, LABELS, verbose=0)
    assert isinstance(net.optimizer, keras.optimizers.Adam)


def test_the_configuration_makes_the_same_model_again():
    config = model(kernel_initializer="zeros").get_config()
    again = MLPClassifier.from_config(config)
    assert again.get_config() == config and again.batch_size == 8
    assert not {"loss", "output_activation"} & set(config)
    assert all(np.all(w == 0) for w in again.get_weights())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer >= 1; received batch_size=0"),
        ({"batch_size": 2.0}, "batch_size must be an integer >= 1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
    ],
)
def test_bad_arguments_are_said(changes, message):
    with pytest.raises(ValueError, match=message):
        model(**changes)


def test_labels_out_of_range_are_said():
    with pytest.raises(ValueError, match="y must"):
        model().fit(X, LABELS + 1, verbose=0)
