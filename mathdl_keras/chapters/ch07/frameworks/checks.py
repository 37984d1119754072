"""What the three training steps accept."""

import numpy as np

from mathdl_keras.chapters.ch03.labels import check_labels


def checked(theta, x, y, learning_rate):
    """The arrays of theta, x in their dtype, and y as integers.

    Raises:
        ValueError: If theta is not (W, b1, C, b2), a label is out of range, or the learning rate is not positive.
    """
    theta = [np.asarray(t) for t in theta]
    if [t.ndim for t in theta] != [2, 1, 2, 1]:
        raise ValueError(f"theta must be (W, b1, C, b2); received shapes {[t.shape for t in theta]}")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be positive and finite; received learning_rate={learning_rate}")
    return theta, np.asarray(x, theta[0].dtype), check_labels(y, len(theta[3]))
