"""The training step of the shallow network in TensorFlow (§7.5)."""

from mathdl_keras.chapters.ch07.frameworks.checks import checked

__all__ = ["training_step"]


def training_step(theta, x, y, learning_rate):
    """One step of stochastic gradient descent, by `tf.GradientTape`.

    Args:
        theta: List of arrays (W, b1, C, b2), shaped as in `shallow_gradients`.
        x: Array `(batch, features)`.
        y: Array `(batch,)`, integer labels.
        learning_rate: Positive float.

    Returns:
        `(theta, loss)`: new arrays, and the mean cross entropy before the step.

    Raises:
        ImportError: If TensorFlow is not installed.
        ValueError: If a label is out of range or the learning rate is not positive.
    """
    theta, x, y = checked(theta, x, y, learning_rate)
    try:
        import tensorflow as tf
    except ImportError:
        raise ImportError('this step needs TensorFlow; pip install "mathdl_keras[tensorflow]" brings it') from None

    W, b1, C, b2 = variables = [tf.Variable(t) for t in theta]
    with tf.GradientTape() as tape:
        H = tf.nn.relu(tf.matmul(x, W, transpose_b=True) + b1)
        U = tf.matmul(H, C, transpose_b=True) + b2
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, U))
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(learning_rate * gradient)
    return [variable.numpy() for variable in variables], loss.numpy()
