"""The embedded data sets, their splits, and what happens when a download fails."""

import dataclasses
import hashlib
from importlib import resources

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from mathdl_keras.core import datasets
from mathdl_keras.core.datasets import images

# name: the shape of x, the number of classes (0: a regression)
EMBEDDED = {
    "digits": ((1797, 8, 8, 1), 10),
    "breast_cancer": ((569, 30), 2),
    "diabetes": ((442, 10), 0),
    "iris": ((150, 4), 3),
    "mnist5k": ((5000, 28, 28, 1), 10),
}
IMAGES = ("digits", "mnist5k")
CLASSIFICATIONS = [name for name, (_, classes) in EMBEDDED.items() if classes]


@pytest.fixture(params=EMBEDDED)
def dataset(request):
    return datasets.load(request.param)


def small_download(name):
    """Four arrays as `keras.datasets` returns them, with three training and two test rows."""
    shape = (32, 32, 3) if name == "cifar10" else (28, 28)
    labels = (slice(None), np.newaxis) if name == "cifar10" else slice(None)
    x = np.arange(5 * np.prod(shape), dtype="uint8").reshape(5, *shape)
    y = np.array([9, 0, 5, 1, 2], dtype="uint8")
    return (x[:3], y[:3][labels]), (x[3:], y[3:][labels])


def digest(arrays):
    (x, y), (x_test, y_test) = arrays
    content = b"".join(array.tobytes() for array in (x, y, x_test, y_test))
    return hashlib.sha256(content).hexdigest()


def keras_returns(monkeypatch, name, outcome):
    """Make `keras.datasets.<name>.load_data` return arrays, or raise an exception."""
    keras = pytest.importorskip("keras")

    def load_data():
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", load_data)


def test_shapes_types_and_names(dataset):
    shape, classes = EMBEDDED[dataset.name]
    assert dataset.x.shape == shape
    assert dataset.y.shape == shape[:1]
    assert np.isfinite(dataset.x).all()
    assert dataset.is_classification == bool(classes)
    assert dataset.y.dtype == ("int64" if classes else "float64")
    assert len(dataset.feature_names) == len(dataset.units) == shape[-1]
    assert dataset.source and dataset.licence
    if classes:
        assert len(dataset.target_names) == classes
        assert set(dataset.y) == set(range(classes))


@pytest.mark.parametrize("name", IMAGES)
def test_images_fill_the_unit_interval(name):
    x = datasets.load(name).x
    assert x.dtype == "float32"
    assert (x.min(), x.max()) == (0.0, 1.0)


def test_digits_are_scikit_learns_divided_by_16():
    data, target = sklearn_datasets.load_digits(return_X_y=True)
    digits = datasets.digits()
    np.testing.assert_array_equal(digits.x.reshape(1797, 64) * 16, data)  # exact in float32
    np.testing.assert_array_equal(digits.y, target)


def test_diabetes_is_in_raw_units():
    diabetes = datasets.diabetes()
    age = diabetes.x[:, diabetes.feature_names.index("age")]
    assert (age.min(), age.max()) == (19.0, 79.0)  # whole years, as in Efron et al. (2004)
    assert (age == np.round(age)).all()
    assert diabetes.units[:3] == ("years", "", "kg/m^2")


def test_iris_is_in_centimetres():
    iris = datasets.iris()
    assert iris.feature_names == ("sepal length", "sepal width", "petal length", "petal width")
    assert iris.units == ("cm",) * 4


def test_breast_cancer_has_both_classes():
    cancer = datasets.breast_cancer()
    assert cancer.target_names == ("malignant", "benign")
    assert np.bincount(cancer.y).tolist() == [212, 357]  # Wolberg et al.


def test_mnist5k_is_balanced_and_its_file_is_the_recorded_one():
    content = resources.files("mathdl_keras.core").joinpath("data", "mnist5k.npz").read_bytes()
    readme = resources.files("mathdl_keras.core").joinpath("data", "README.md").read_text()
    sha256 = hashlib.sha256(content).hexdigest()
    assert sha256 == images.MNIST5K_SHA256
    assert f"`{sha256}`" in readme and f"{len(content):,} bytes" in readme
    assert np.bincount(datasets.mnist5k().y).tolist() == [500] * 10


def test_a_damaged_mnist5k_is_refused(monkeypatch):
    monkeypatch.setattr(images, "MNIST5K_SHA256", "0" * 64)
    with pytest.raises(datasets.DatasetUnavailable, match="mnist5k is damaged.*reinstall"):
        datasets.mnist5k()


@pytest.mark.parametrize("test_size", [0.2, 0.35])
@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_split_keeps_the_share_of_each_class(name, test_size):
    dataset = datasets.load(name)
    split = dataset.split(test_size=test_size, seed=3)
    for part in (split.y_train, split.y_test):
        ideal = np.bincount(dataset.y) * len(part) / len(dataset.y)
        # One sample: a whole number nearest to the ideal one, above or below.
        assert np.abs(np.bincount(part) - ideal).max() < 1 + 1e-9


def test_split_without_stratification_is_another_one():
    iris = datasets.iris()
    counts = [np.bincount(iris.split(seed=s, stratify=False).y_test) for s in range(5)]
    assert any(count.tolist() != [10, 10, 10] for count in counts)


def rows(x, y):
    return sorted(map(bytes, np.column_stack([x.reshape(len(x), -1), y])))


def test_split_is_a_partition(dataset):
    split = dataset.split(test_size=0.2, seed=1)
    assert len(split.x_test) == round(0.2 * len(dataset.x) + 0.49)  # scikit-learn rounds up
    parts = rows(split.x_train, split.y_train) + rows(split.x_test, split.y_test)
    assert sorted(parts) == rows(dataset.x, dataset.y)


def test_split_is_disjoint():
    table = datasets.iris()  # some of its rows are equal: number them
    numbered = dataclasses.replace(table, x=np.arange(150.0)[:, np.newaxis])
    split = numbered.split()
    assert not set(split.x_train.ravel()) & set(split.x_test.ravel())


def test_split_depends_on_its_seed_only(dataset):
    first, again, other = (dataset.split(seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.x_test, again.x_test)
    np.testing.assert_array_equal(first.y_train, again.y_train)
    assert not np.array_equal(first.x_test, other.x_test)


def test_mnist5k_splits_into_4000_and_1000():
    split = datasets.mnist5k().split()
    assert np.bincount(split.y_train).tolist() == [400] * 10
    assert np.bincount(split.y_test).tolist() == [100] * 10


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.1, 1000, float("nan")])
def test_split_rejects_a_size_outside_the_unit_interval(test_size):
    with pytest.raises(ValueError, match=r"test_size must be in \(0, 1\); received test_size="):
        datasets.iris().split(test_size=test_size)


def test_split_cannot_stratify_a_regression():
    with pytest.raises(ValueError, match="stratify must be None or False for a regression"):
        datasets.diabetes().split(stratify=True)


def test_writing_into_a_data_set_leaves_the_next_one_alone(dataset):
    before = dataset.x.copy()
    dataset.x[:] = -1
    np.testing.assert_array_equal(datasets.load(dataset.name).x, before)


def test_writing_into_the_photograph_leaves_the_next_one_alone():
    datasets.china().pixels[:] = -1
    assert datasets.china().pixels.min() >= 0


def test_china_is_the_block_mean_of_the_luma():
    rgb = sklearn_datasets.load_sample_image("china.jpg").astype("float64") / 255
    china = datasets.china()
    assert china.pixels.shape == (213, 320) and china.pixels.dtype == "float32"
    assert datasets.china(half=False).pixels.shape == (427, 640)
    for row, column in ((0, 0), (100, 17), (212, 319)):
        block = rgb[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        red, green, blue = block.sum(axis=(0, 1)) / 4
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        # One rounding to float32 of a number below 1.
        assert abs(china.pixels[row, column] - luma) <= np.finfo("float32").eps


def test_names_and_unknown_name():
    assert set(EMBEDDED) < set(datasets.CATALOGUE)
    with pytest.raises(ValueError) as caught:
        datasets.load("foo")
    assert str(caught.value).startswith("dataset must be one of digits, ")
    assert str(caught.value).endswith("received dataset='foo'")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_no_network_is_one_line_with_a_way_on(monkeypatch, name):
    keras_returns(monkeypatch, name, Exception("URL fetch failure on x:\n None -- no name"))
    with pytest.raises(datasets.DatasetUnavailable) as caught:
        datasets.load(name)
    message = str(caught.value)
    assert isinstance(caught.value, OSError)
    assert message.startswith(f"{name} could not be downloaded (no network?)")
    assert "--dataset mnist5k" in message and "\n" not in message


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_downloaded_sets_keep_their_official_split(monkeypatch, name):
    arrays = small_download(name)
    keras_returns(monkeypatch, name, arrays)
    monkeypatch.setattr(images, "FASHION_MNIST_SHA256", digest(arrays))
    dataset = datasets.load(name)
    split = dataset.split(test_size=0.5, seed=9)
    channels = 3 if name == "cifar10" else 1
    assert split.x_train.shape[0] == 3 and split.x_test.shape[-1] == channels
    assert split.y_train.tolist() == [9, 0, 5] and split.y_test.tolist() == [1, 2]
    assert len(dataset.target_names) == 10 and len(dataset.units) == channels
    expected = arrays[1][0].reshape(split.x_test.shape) / 255
    np.testing.assert_allclose(split.x_test, expected, atol=np.finfo("float32").eps)


def test_a_tampered_fashion_mnist_is_refused(monkeypatch):
    keras_returns(monkeypatch, "fashion_mnist", small_download("fashion_mnist"))
    with pytest.raises(datasets.DatasetUnavailable, match="fashion_mnist is damaged.*sha256"):
        datasets.fashion_mnist()
