"""What Keras lets one choose for each weight of a layer: an initializer, a regularizer and a constraint."""

import keras

__all__ = ["Choices", "given"]

KINDS = {"initializer": keras.initializers, "regularizer": keras.regularizers, "constraint": keras.constraints}


def given(names):
    """The arguments of a constructor from its `locals()`: without `self`, and with those in `kwargs`.

    Args:
        names: Dictionary, the `locals()` of the constructor before it makes any.

    Example:
        >>> def constructor(self, units, activation="tanh", **kwargs):
        ...     return given(locals())
        >>> constructor(None, 3, name="mine")
        {'units': 3, 'activation': 'tanh', 'name': 'mine'}
    """
    own = {name: value for name, value in names.items() if name not in ("self", "kwargs", "__class__")}
    return own | names.get("kwargs", {})


class Choices:
    """A mixin before a Keras layer: the choices for its weights are kept, used and written to its configuration.

    The names are Keras': `kernel_initializer` is the initializer of the part "kernel". Several weights may be made by
    the choices for one part.

    Example:
        >>> class Scale(Choices, keras.Layer):
        ...     def __init__(self, scale_initializer="ones", scale_constraint=None, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.choose(scale_initializer=scale_initializer, scale_constraint=scale_constraint)
        ...     def build(self, input_shape):
        ...         self.scale = self.weight("scale", input_shape[-1:])
        >>> layer = Scale(scale_constraint="non_neg")
        >>> layer.build((None, 2))
        >>> layer.scale.name, type(layer.scale.constraint).__name__, list(layer.chosen())
        ('scale', 'NonNeg', ['scale_initializer', 'scale_constraint'])
    """

    def choose(self, **choices):
        """Keeps each choice as an attribute of its name.

        Args:
            **choices: From `PART_KIND`, the kind being initializer, regularizer or constraint, to what Keras takes.
        """
        self._choices = tuple(choices)
        for name, choice in choices.items():
            setattr(self, name, KINDS[name.rpartition("_")[2]].get(choice))

    def weight(self, part, shape, name=None, **settings):
        """A new weight, made by the choices for a part.

        Args:
            part: String, the part.
            shape: Tuple of integers, the shape of the weight.
            name: String, its name; that of the part by default.
            **settings: Choices in the place of those for the part, and further arguments of `add_weight`.
        """
        chosen = {kind: getattr(self, f"{part}_{kind}", None) for kind in KINDS}
        return self.add_weight(shape=tuple(shape), name=name or part, **chosen | settings)  # type: ignore[attr-defined]

    def chosen(self):
        """The choices as a configuration holds them."""
        return {name: KINDS[name.rpartition("_")[2]].serialize(getattr(self, name)) for name in self._choices}
