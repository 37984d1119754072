"""Chapter 9. Regularization and Dropout.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
9.1      Introduction
9.2      Regularization by Penalty Terms
         models: Lasso, RidgeRegression
         optimizers: ProximalSGD
         regularizers: L1, L2, soft_threshold
         solvers: LassoPath, lasso_path, ridge_path
         claims: ridge_parity, ridge_optimal_lambda, lasso, weight_decay
         exercises: ista_step
9.3      Dropout and its Relation to Regularization
         layers: Dropout
         averaged_dropout: solve_dropout_least_squares, marginalized_dropout_loss
         predictors: DropoutPrediction, MCDropoutPredictor, geometric_mean_ensemble, scale_dropout_weights
         claims: dropout_moments, dropout_is_ridge, dropout_sgd_mean, geometric_mean
         exercises: dropout_ridge_lambda, equivalent_noise
9.4      A Neural Network Example with Dropout Implemented
         networks: DropoutMLP
         claims: nn_dropout_penalty
         the demo
9.5      Dropout on General Multi-layer Neural Networks
         networks: DropoutMLP
         claims: multilayer_dropout_variance
9.6      Brief Concluding Remarks
9.7      Exercises

Rooms: `regularizers` (penalties and their proximal maps), `solvers` (whole paths of ridge and lasso), `models` (both as
Keras models), `optimizers` (exact zeros in training), `layers` (dropout), `averaged_dropout` (over
all its masks), `networks` (dropout with backpropagation by hand), `predictors` (what to do with the masks at the end),
then `claims`, `demo`, `figures` and `exercises`.
"""
