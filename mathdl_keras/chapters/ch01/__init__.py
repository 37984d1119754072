"""Chapter 1. Introduction.

Section  Title                                      Objects                                   Claims
-------  -----------------------------------------  ----------------------------------------  ----------------------
1.5      Quick Overview of Supervised Learning      empirical_risk, GeneralizationGap,        risk_weighting,
                                                    hoeffding_radius, MinimumNormRegressor    hoeffding,
                                                                                              min_norm_implicit_bias
1.6      Bias-Variance Tradeoff and Double Descent  bias_variance, RandomFeatures,            bias_variance_knn,
                                                    minimum_norm, ridge_regression,           double_descent_exact,
                                                    double_descent_theory,                    interpolation_threshold
                                                    ridge_risk_asymptotic,
                                                    double_descent_curve

Sections 1.1 to 1.4, 1.7 and 1.8 state no algorithm and no theorem.

Rooms: `risk` and `callbacks` (risk, its parts, its spread), `solvers` (least squares in closed form), `layers` and
`models` (random features, and linear models in them), `double_descent` (theory and measurement), then `claims`, `demo`,
`figures` and `exercises`.
"""
