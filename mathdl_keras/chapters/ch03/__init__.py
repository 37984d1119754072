"""Chapter 3. Logistic Regression.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
3.2      Formalization of the Problem
         descent: logistic_descent
         losses: BinaryCrossentropy
         models: LogisticRegression
         solvers: fisher_information, irls
         claims: bce_tails, mle, asymptotic_normality
         exercises: stable_bce
3.3      Metric
         metrics: CalibrationCurve, ConfusionMatrix, ROCAUC, LogLoss, exact_auc
         claims: auc_binormal
3.4      Transitions and Scaling
         transitions: transition_point, transition_width
         claims: transition_width
3.5      Normalization
         layers: Normalization
         claims: normalization_equivariance, gd_local_rate
         exercises: unscale
3.6      Perfect Data and Penalization
         models: LogisticRegression
         separation: SeparableDataWarning, is_separable, max_margin_direction
         claims: separable_divergence, penalised_is_finite
         exercises: separability_certificate
3.7      Multiclass prediction
         labels: one_hot
         layers: Softmax
         losses: CategoricalCrossentropy
         models: SoftmaxRegression
         claims: softmax
3.9      Exercises

§3.1 and §3.8 introduce and conclude.

Rooms: `losses`, `labels`, `layers`, `metrics` and `transitions`; `newton` (the method, for any number of classes),
`solvers`, `multinomial` and `descent` (what it is applied to, and gradient descent), `separation` (perfect data),
`classifier` and `models`; then `claims`, `demo`, `figures` and `exercises`.
"""
