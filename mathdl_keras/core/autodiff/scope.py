"""A scope of Keras' variables that a rule or a transform runs in, and what was written in it."""

import keras
from keras.src.backend.common.stateless_scope import get_stateless_scope

__all__ = ["Scope"]


class Scope(keras.StatelessScope):
    """A stateless scope that starts from its parent's state and remembers what was written in it.

    Args:
        pairs: Pairs of a variable and its value here, a tensor that is taken as it is.
    """

    def __init__(self, pairs=()):
        super().__init__(collect_losses=True)
        parent = get_stateless_scope()
        if parent is not None:
            self.state_mapping.update(parent.state_mapping)
        for variable, value in pairs:
            self.state_mapping[id(variable)] = value
        self.written = {}

    def add_update(self, update):
        super().add_update(update)
        variable, _ = update
        self.written[id(variable)] = variable

    def updates(self):
        """The new values of what was written, in the order of the first writing."""
        return [self.state_mapping[key] for key in self.written]
