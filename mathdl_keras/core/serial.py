"""Files saved under earlier names: what a class or an argument was once called.

Keras looks weights up in a `.keras` file under the *names of classes*, in snake case, and a class by its registered
name. The registered name of a class never changes; where the class itself was renamed, `names_of` gives it back the
name that the file knows, while the file is read.
"""

import contextlib
import re
import zipfile

import keras
from keras.src.utils.naming import to_snake_case

__all__ = ["RenamedArguments", "names_of"]

PACKAGE = "mathdl_keras>"


class RenamedArguments:
    """A mixin before a Keras class: configurations that hold earlier names of its arguments are read, too.

    Attributes:
        renamed_arguments: Dictionary from an earlier name of an argument to the name of today.

    Example:
        >>> class Layer(RenamedArguments, keras.Layer):
        ...     renamed_arguments = {"eps": "epsilon"}
        ...     def __init__(self, epsilon, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.epsilon = epsilon
        >>> Layer.from_config({"eps": 0.5}).epsilon
        0.5
    """

    renamed_arguments: dict[str, str] = {}

    @classmethod
    def from_config(cls, config):
        return super().from_config(  # type: ignore[misc]
            {cls.renamed_arguments.get(k, k): v for k, v in config.items()}
        )


@contextlib.contextmanager
def names_of(path):
    """A region in which renamed classes bear the names under which the file at `path` keeps their weights.

    Args:
        path: Path of a `.keras` file, or anything else, which is left to Keras.
    """
    kept = _groups(path)
    renamed = [(cls, old) for cls, old in _renamed_classes() if to_snake_case(old) in kept]
    now = [cls.__name__ for cls, _ in renamed]
    try:
        for cls, old in renamed:
            cls.__name__ = old
        yield
    finally:
        for (cls, _), name in zip(renamed, now, strict=True):
            cls.__name__ = name


def _renamed_classes():
    """Pairs of a registered class of this package and its earlier name."""
    registered = keras.saving.get_custom_objects().items()
    pairs = [(cls, key.removeprefix(PACKAGE)) for key, cls in registered if key.startswith(PACKAGE)]
    return [(cls, old) for cls, old in pairs if isinstance(cls, type) and cls.__name__ != old]


def _groups(path):
    """The names of groups of weights in a file, without their numbers."""
    import h5py

    if not zipfile.is_zipfile(path):
        return set()
    names: list[str] = []
    with zipfile.ZipFile(path) as archive:
        if "model.weights.h5" not in archive.namelist():
            return set()
        with archive.open("model.weights.h5") as content, h5py.File(content, "r") as file:
            file.visit(names.append)
    return {re.sub(r"_\d+$", "", name.rsplit("/", 1)[-1]) for name in names}
