r"""A multi-layer network with dropout, trained by backpropagation written by hand (§9.4, §9.5)."""

import keras

from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch09.layers import Dropout
from mathdl_keras.core.explicit import Chain

__all__ = ["DropoutMLP"]


@keras.saving.register_keras_serializable("mathdl_keras")
class DropoutMLP(BackpropMLP):
    r"""A feed forward network whose inputs and hidden units are dropped in training, with its gradients (§9.5).

    With masks :math:`\xi^\ell` of mean :math:`p_\ell`, and inverted dropout,

    .. math::
        \tilde H^\ell = H^\ell \odot \xi^\ell / p_\ell, \quad Z^{\ell+1} = \tilde H^\ell W^{\ell+1} + b^{\ell+1}, \qquad
        \delta^\ell = \big(\delta^{\ell+1} (W^{\ell+1})^\top\big) \odot \xi^\ell / p_\ell \odot \sigma'(Z^\ell), \qquad
        \frac{\partial\Lambda}{\partial W^{\ell+1}} = (\tilde H^\ell)^\top \delta^{\ell+1} .

    `(batch, n_0) -> (batch, n_L)`; nothing is differentiated automatically. Inference drops nothing.

    Args:
        widths: :math:`(n_0, \dots, n_L)`, as in `MLP`.
        rate: :math:`1 - p`: of every hidden layer (the inputs are kept), or one for the inputs and one for each hidden
            layer, :math:`(1 - p_0, \dots, 1 - p_{L-1})`.
        activation: `Activation` or its name, that of the hidden layers; "relu" by default.
        mode: String, the kind of dropout: `"inverted"` (the default) or `"standard"`.
        seed: Integer, seed of the random masks; `None`, the default, for other masks each time.
        **kwargs: Arguments of `BackpropMLP`: `output_activation`, `loss`, `kernel_initializer`, `name`, `dtype`.

    Raises:
        ValueError: If a rate is not in [0, 1), there are more or fewer than one for each layer, or another argument is
            out of range.

    Example:
        >>> from keras import ops
        >>> model = DropoutMLP((2, 4, 1), rate=0.5, loss="mse", kernel_initializer="ones")
        >>> masks = [ops.ones((1, 2)), ops.array([[1.0, 0.0, 0.0, 1.0]])]
        >>> U, cache = model.forward_pass(ops.array([[1.0, 2.0]]), training=True, masks=masks)
        >>> ops.convert_to_numpy(U).tolist()  # two of four units, each 3, twice
        [[12.0]]
    """

    def __init__(self, widths, rate=0.5, activation="relu", mode="inverted", seed=None, **kwargs):
        self.rate, self.mode, self.seed = rate, mode, seed  # before all layers are made
        super().__init__(widths, activation, **kwargs)

    def build(self, input_shape):
        if not self.built:
            self.dropout = [self._dropout(k, rate) for k, rate in enumerate(self._rates())]
        super().build(input_shape)

    def _dropout(self, k, rate):
        seed = None if self.seed is None else int(self.seed) + k
        return Dropout(rate, seed=seed, mode=self.mode, dtype=self.dtype_policy)

    def _rates(self):
        rate, layers = self.rate, len(self.widths) - 1
        rates = [0.0, *[rate] * (layers - 1)] if isinstance(rate, int | float) else list(rate)
        if len(rates) != layers:
            raise ValueError(f"rate must be a number, or {layers}: of inputs and hidden layers; received rate={rate}")
        return rates

    @property
    def chain(self):
        return Chain(layer for pair in zip(self.dropout, self.dense, strict=True) for layer in pair)

    def forward_pass(self, x, training=False, masks=None):
        """The output U, and for each layer what the backward pass needs.

        Args:
            x: Tensor (batch, n_0), rows.
            training: Boolean, whether to drop.
            masks: List of tensors of zeros and ones, for the inputs and each hidden layer, `(batch, n)`; by default
                they are drawn.
        """
        self.check_features(x.shape)
        masks = masks or [None] * len(self.dense)
        settings = [further for mask in masks for further in ({"mask": mask}, {})]
        return self.chain.forward_pass(x, training, settings)

    def get_config(self):
        return super().get_config() | {"rate": self.rate, "mode": self.mode, "seed": self.seed}
