"""Keras 3 companion to *Mathematical Foundations of Deep Learning Models and Algorithms*.

The public names stand on the shelf, one subject a module. `layers`, `losses`, `metrics`, `optimizers`, `callbacks`,
`constraints`, `regularizers`, `activations` and `models` hold what Keras has under these names, and `ops` pure
functions of tensors; `autodiff`, `linear_model`, `kernels`, `model_selection`, `inspection`, `distributions`,
`sequence`, `dynamics`, `descent`, `networks`, `cost`, `logic` and `signal` the functions of a subject; `datasets`,
`plots`, `claims` and `precision` the tools. Each name is defined in the chapter that teaches it, under
`mathdl_keras.chapters`, or in the core. Importing this package loads neither Keras nor a backend, so that a program
can still choose one.
"""

__version__ = "0.1.0"


def load_model(path, **kwargs):
    """Load a `.keras` file that holds components of this package.

    Keras finds a saved class by its registered name, and a name is registered when its module is
    imported: this imports the whole shelf first, then calls `keras.models.load_model`. It also reads files that were
    saved when a class or an argument had another name.

    Args:
        path: The `.keras` file.
        **kwargs: Passed on to `keras.models.load_model`, e.g. `compile=False`.

    Returns:
        The model, with its weights and, if it was compiled, its optimizer's state.
    """
    import keras

    from mathdl_keras import (  # noqa: F401
        activations,
        callbacks,
        constraints,
        dynamics,
        kernels,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        regularizers,
    )
    from mathdl_keras.core.serial import names_of

    with names_of(path):
        return keras.models.load_model(path, **kwargs)
