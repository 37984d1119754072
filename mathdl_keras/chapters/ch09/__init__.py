"""Chapter 9. Regularization and Dropout.

Section  Title                                              Objects                     Claims
-------  -------------------------------------------------  --------------------------  ---------------------------
9.1      Introduction
9.2      Regularization by Penalty Terms                    L1, L2, soft_threshold,     ridge_parity,
                                                            RidgeRegression,            ridge_optimal_lambda,
                                                            ridge_path,                 lasso,
                                                            Lasso, lasso_path,          weight_decay
                                                            LassoPath, ProximalSGD
9.3      Dropout and its Relation to Regularization         Dropout, solve_dropout_least_squares,     dropout_moments,
                                                            marginalized_dropout_loss,  dropout_is_ridge,
                                                            MCDropoutPredictor,         dropout_sgd_mean,
                                                            DropoutPrediction,          geometric_mean
                                                            scale_dropout_weights,
                                                            geometric_mean_ensemble
9.4      A Neural Network Example with Dropout Implemented  DropoutMLP, the demo        nn_dropout_penalty
9.5      Dropout on General Multi-layer Neural Networks     DropoutMLP                  multilayer_dropout_variance
9.6      Brief Concluding Remarks
9.7      Exercises                                          dropout_ridge_lambda,
                                                            ista_step,
                                                            equivalent_noise

Rooms: `regularizers` (penalties and their proximal maps), `solvers` (whole paths of ridge and lasso), `models` (both as
Keras models), `optimizers` (exact zeros in training), `layers` (dropout), `marginal` (dropout averaged over its masks),
`networks` (dropout with backpropagation by hand), `predictors` (what to do with the masks at the end), then `claims`,
`demo`, `figures` and `exercises`.
"""
