r"""One training step of the shallow network, written by hand in three frameworks (§7.5).

Each module has one function, `training_step(theta, x, y, learning_rate) -> (theta, loss)`: a step of stochastic
gradient descent on the mean cross entropy of :math:`C\,\mathrm{ReLU}(Wx + b^1) + b^2`. NumPy in, NumPy out, in the
dtype of theta. The forward pass is the same three lines; what differs is who remembers it, and how one asks for the
gradient:

| module | framework | the gradient comes from |
| --- | --- | --- |
| `gradient_tape` | TensorFlow | a tape, on which the operations inside a `with` block are recorded |
| `jax_grad` | JAX | a function transformed into another, which returns value and gradient |
| `torch_autograd` | PyTorch | the graph that every result of an operation on tensors carries |

A module imports its framework when its step is called: each runs wherever its framework is installed, whatever Keras
runs on.

    >>> import keras, numpy as np
    >>> from mathdl_keras.chapters.ch07.frameworks import STEPS
    >>> theta = [np.zeros((3, 2)), np.zeros(3), np.zeros((2, 3)), np.zeros(2)]
    >>> step = STEPS[keras.backend.backend()]
    >>> (W, b1, C, b2), loss = step(theta, np.ones((4, 2)), np.array([0, 0, 0, 1]), learning_rate=1.0)
    >>> round(float(loss), 4), b2.tolist()
    (0.6931, [0.25, -0.25])
"""

from mathdl_keras.chapters.ch07.frameworks import gradient_tape, jax_grad, torch_autograd

# From the name of a framework, as Keras calls its backends, to the training step written in it.
STEPS = {
    "tensorflow": gradient_tape.training_step,
    "jax": jax_grad.training_step,
    "torch": torch_autograd.training_step,
}
