"""The training step of the shallow network in PyTorch (§7.5)."""

from mathdl_keras.chapters.ch07.frameworks.checks import checked

__all__ = ["training_step"]


def training_step(theta, x, y, learning_rate):
    """One step of stochastic gradient descent, by `loss.backward()`.

    Args:
        theta: List of arrays (W, b1, C, b2), shaped as in `shallow_gradients`.
        x: Array `(batch, features)`.
        y: Array `(batch,)`, integer labels.
        learning_rate: Positive float.

    Returns:
        `(theta, loss)`: new arrays, and the mean cross entropy before the step.

    Raises:
        ImportError: If PyTorch is not installed.
        ValueError: If a label is out of range or the learning rate is not positive.
    """
    theta, x, y = checked(theta, x, y, learning_rate)
    try:
        import torch
    except ImportError:
        raise ImportError('this step needs PyTorch; pip install "mathdl_keras[torch]" brings it') from None

    W, b1, C, b2 = parameters = [torch.tensor(t, requires_grad=True) for t in theta]
    H = torch.relu(torch.tensor(x) @ W.T + b1)
    U = H @ C.T + b2
    loss = torch.nn.functional.cross_entropy(U, torch.tensor(y))
    loss.backward()  # fills .grad of each parameter
    with torch.no_grad():
        new = [parameter - learning_rate * parameter.grad for parameter in parameters]
    return [t.numpy() for t in new], loss.detach().numpy()
