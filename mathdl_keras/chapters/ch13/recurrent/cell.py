"""What a recurrent cell is to those who run it: one step of a batch (§13.3)."""

from mathdl_keras.core.checks import ChecksData


class Cell(ChecksData):
    """A mixin before a layer that is a cell: inputs (B, D) and states (B, n) in, the output and the states out.

    The layer says `state_size` and `output_size`. Other shapes are refused, and NumPy arrays that are empty or not
    finite.
    """

    def __call__(self, inputs, states, *args, **kwargs):
        several = states if isinstance(states, list | tuple) else [states]
        for name, x in (("inputs", inputs), *(("states", state) for state in several)):
            if len(shape := tuple(getattr(x, "shape", (0, 0)))) != 2:
                raise ValueError(f"{name} must have shape (batch, features), one step; received shape {shape}")
        return super().__call__(inputs, states, *args, **kwargs)

    def compute_output_shape(self, inputs_shape, states_shape):
        return (inputs_shape[0], self.output_size), states_shape
