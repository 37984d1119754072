"""Chapter 2. Linear Regression.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
2.1      Introduction
         linear: LinearModel
         models: LinearRegression
2.2      Loss Function
         losses: MeanSquaredError
2.3      Minimization
         callbacks: ErrorEnvelope
         descent: mse_gradient, mse_hessian, gd_error_theory, stable_learning_rate
         inference: coefficient_covariance, leverage_scores, residual_variance
         solvers: LeastSquares, least_squares, solve_normal
         claims: normal_equations, residual_orthogonality, affine_equivariance, gd_trajectory, stability_threshold,
             sampling_distribution
         exercises: ols_qr, steps_to_tolerance
2.4      Metric
         metrics: R2Score
         claims: r2_null_distribution, r2_is_corr2
         exercises: r2_streaming
2.5      Computational Realization
         descent: gradient_descent
         models: LinearRegression
2.6      Brief Concluding Remarks
2.7      Exercises

Rooms: `solvers` (direct solvers, and which to trust), `descent` (gradient,
Hessian, descent and its closed form), `inference` (noise, covariance, leverage), `losses`, `metrics`, `linear` and
`models`, `callbacks`, then `claims`, `demo`, `figures` and `exercises`.
"""
