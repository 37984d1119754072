"""Chapter 3. Logistic Regression.

Section  Title                          Objects                                       Claims
-------  -----------------------------  --------------------------------------------  --------------------------
3.2      Formalization of the Problem   BinaryCrossentropy, LogisticRegression,       bce_tails, mle,
                                        irls, logistic_descent, fisher_information    asymptotic_normality
3.3      Metric                         ConfusionMatrix, ROCAUC, exact_auc,         auc_binormal
                                        LogLoss, CalibrationCurve
3.4      Transitions and Scaling        transition_point, transition_width            transition_width
3.5      Normalization                  Normalization                                   normalization_equivariance,
                                                                                      gd_local_rate
3.6      Perfect Data and Penalization  is_separable, max_margin_direction,           separable_divergence,
                                        SeparableDataWarning, LogisticRegression      penalised_is_finite
3.7      Multiclass prediction          Softmax, CategoricalCrossentropy, one_hot,    softmax
                                        SoftmaxRegression
3.9      Exercises                      stable_bce, unscale,
                                        separability_certificate

Sections 3.1 and 3.8 introduce and conclude.

Rooms: `losses`, `labels`, `layers`, `metrics` and `transitions`; `newton` (the method, for any number of classes),
`solvers`, `multinomial` and `descent` (what it is applied to, and gradient descent), `separation` (perfect data),
`classifier` and `models`; then `claims`, `demo`, `figures` and `exercises`.
"""
