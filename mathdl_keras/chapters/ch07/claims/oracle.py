"""The other side of the claims: the shallow network in NumPy, one example at a time, as the book writes it."""

import numpy as np


def random_theta(rng, features, hidden, outputs):
    """(W, b1, C, b2), standard normal, with rows scaled to norm one on average."""
    W, C = rng.standard_normal((hidden, features)), rng.standard_normal((outputs, hidden))
    b1, b2 = rng.standard_normal(hidden), rng.standard_normal(outputs)
    return [W / np.sqrt(features), b1, C / np.sqrt(hidden), b2]


def gradients(theta, x, y):
    """The mean over a batch of the gradients of the cross entropy, with sigma = tanh and labels y."""
    per_sample = [_gradient(theta, x_m, y_m) for x_m, y_m in zip(x, y, strict=True)]
    return [np.mean(g, axis=0) for g in zip(*per_sample, strict=True)]


def _gradient(theta, x, y):
    W, b1, C, b2 = theta
    H = np.tanh(W @ x + b1)
    U = C @ H + b2
    dU = np.exp(U - U.max()) / np.sum(np.exp(U - U.max())) - np.eye(len(b2))[y]
    dZ = (C.T @ dU) * (1 - H**2)
    return np.outer(dZ, x), dZ, np.outer(dU, H), dU


def flat(gradients):
    """All entries in one row."""
    return np.concatenate([np.ravel(g) for g in gradients])


def sgd(theta, x, y, learning_rate, batch_size, steps):
    """Steps over consecutive batches, again and again through the sample."""
    for start in batch_size * np.arange(steps) % len(x):
        rows = slice(start, start + batch_size)
        theta = [t - learning_rate * g for t, g in zip(theta, gradients(theta, x[rows], y[rows]), strict=True)]
    return theta
