"""Chapter 2. Linear Regression.

Section  Title                      Objects                                         Claims
-------  -------------------------  ----------------------------------------------  -----------------------
2.1      Introduction               LinearRegression, LinearModel
2.2      Loss Function              MeanSquaredError
2.3      Minimization               least_squares, LeastSquares, solve_normal,      normal_equations,
                                    mse_gradient, mse_hessian, gd_error_theory,    residual_orthogonality,
                                    stable_learning_rate, ErrorEnvelope,            affine_equivariance,
                                    residual_variance, coefficient_covariance,         sampling_distribution,
                                    leverage_scores                                       gd_trajectory,
                                                                                    stability_threshold
2.4      Metric                     R2                                              r2_null_distribution,
                                                                                    r2_is_corr2
2.5      Computational Realization  gradient_descent, LinearRegression
2.6      Brief Concluding Remarks
2.7      Exercises                  ols_qr, steps_to_tolerance, r2_streaming

Rooms: `rows` (a table read in blocks) and `solvers` (direct solvers, and which to trust), `descent` (gradient,
Hessian, descent and its closed form), `inference` (noise, covariance, leverage), `losses`, `metrics`, `linear` and
`models`, `callbacks`, then `claims`, `demo`, `figures` and `exercises`.
"""
