"""Chapter 1. Introduction.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
1.5      Quick Overview of Supervised Learning
         callbacks: GeneralizationGap
         models: MinimumNormRegressor
         risk: empirical_risk, hoeffding_radius
         claims: risk_weighting, hoeffding, min_norm_implicit_bias
1.6      Bias-Variance Tradeoff and Double Descent
         double_descent: double_descent_curve, double_descent_theory, ridge_risk_asymptotic
         layers: RandomFeatures
         risk: bias_variance
         solvers: minimum_norm, ridge_regression
         claims: bias_variance_knn, double_descent_exact, interpolation_threshold
         exercises: knn_risk, ridgeless_risk, ridge_risk

§1.1 to §1.4, §1.7 and §1.8 state no algorithm and no theorem.

Rooms: `risk` and `callbacks` (risk, its parts, its spread), `solvers` (least squares in closed form), `layers` and
`models` (random features, and linear models in them), `double_descent` (theory and measurement), then `claims`, `demo`,
`figures` and `exercises`.
"""
