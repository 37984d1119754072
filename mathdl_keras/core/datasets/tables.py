"""Tables: rows, named features with their units, and targets."""

from sklearn import datasets as sklearn_datasets
from sklearn.utils import Bunch

from mathdl_keras.core.datasets.types import Dataset

__all__ = ["breast_cancer", "diabetes", "iris"]

UCI = "UCI Machine Learning Repository, through scikit-learn"


def breast_cancer() -> Dataset:
    """569 tumours, 30 shape measurements each, malignant or benign; the source states no units."""
    bunch = sklearn_datasets.load_breast_cancer()
    return _table("breast_cancer", bunch, ("",) * 30, "Wolberg, Mangasarian, Street, Street")


def iris() -> Dataset:
    """150 flowers of three species, four lengths each, in cm."""
    bunch = sklearn_datasets.load_iris()
    bunch.feature_names = [name.removesuffix(" (cm)") for name in bunch.feature_names]
    return _table("iris", bunch, ("cm",) * 4, "Fisher (1936)")


def diabetes() -> Dataset:
    """442 patients: ten measurements, as measured, and the disease's progression after one year.

    Only units that the source states, or that define the quantity, are given: age in years, the
    body mass index in kg/m^2.
    """
    bunch = sklearn_datasets.load_diabetes(scaled=False)
    return Dataset(
        "diabetes",
        bunch.data.astype("float64"),
        bunch.target.astype("float64"),
        tuple(bunch.feature_names),
        ("disease progression after one year",),
        ("years", "", "kg/m^2") + ("",) * 7,
        "Efron et al. (2004), Least angle regression, Annals of Statistics, through scikit-learn",
        "not stated by its authors",
    )


def _table(name: str, bunch: Bunch, units: tuple[str, ...], authors: str) -> Dataset:
    x, y = bunch.data.astype("float64"), bunch.target.astype("int64")
    features, classes = tuple(map(str, bunch.feature_names)), tuple(map(str, bunch.target_names))
    return Dataset(name, x, y, features, classes, units, f"{authors}, {UCI}", "CC BY 4.0")
