"""Gradient descent and stochastic gradient descent as functions, and what theory predicts of them.

`from mathdl_keras.descent import sgd_replicas`"""

from mathdl_keras.chapters.ch02.descent import (
    gd_error_theory,
    gradient_descent,
    mse_gradient,
    mse_hessian,
    stable_learning_rate,
)
from mathdl_keras.chapters.ch03.descent import (
    logistic_descent,
)
from mathdl_keras.chapters.ch07.noise import (
    minibatch_gradient_covariance,
    sgd_stationary_covariance,
)
from mathdl_keras.chapters.ch07.sampling import (
    MinibatchSampler,
    sample_minibatches,
)
from mathdl_keras.chapters.ch07.shallow_gradients import (
    shallow_gradients,
)
from mathdl_keras.chapters.ch07.steps import (
    sgd_replicas,
    sgd_step,
)
