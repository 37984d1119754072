"""Least squares, logistic regression, ridge and lasso as functions.

`from mathdl_keras.linear_model import least_squares`.

The models themselves, `LinearRegression` and others, are Keras models and stand in `mathdl_keras.models`
"""

from mathdl_keras.chapters.ch01.double_descent import (
    double_descent_curve,
    double_descent_theory,
    ridge_risk_asymptotic,
)
from mathdl_keras.chapters.ch01.solvers import (
    minimum_norm,
    ridge_regression,
)
from mathdl_keras.chapters.ch02.inference import (
    coefficient_covariance,
    leverage_scores,
    residual_variance,
)
from mathdl_keras.chapters.ch02.solvers import (
    LeastSquares,
    least_squares,
    solve_normal,
)
from mathdl_keras.chapters.ch03.separation import (
    SeparableDataWarning,
    is_separable,
    max_margin_direction,
)
from mathdl_keras.chapters.ch03.solvers import (
    fisher_information,
    irls,
)
from mathdl_keras.chapters.ch03.transitions import (
    transition_point,
    transition_width,
)
from mathdl_keras.chapters.ch04.perceptron import (
    train_perceptron,
)
from mathdl_keras.chapters.ch09.averaged_dropout import (
    marginalized_dropout_loss,
    solve_dropout_least_squares,
)
from mathdl_keras.chapters.ch09.solvers import (
    LassoPath,
    lasso_path,
    ridge_path,
)
from mathdl_keras.chapters.ch11.layers import (
    polynomial_features,
)
