"""Chapter 11. Training, Validation, and Testing.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
11.1     Introduction
11.2     Polynomials
         layers: PolynomialFeatures1D, polynomial_features
         models: PolynomialRegression
         claims: basis_invariance
11.3     Training
         risk: aic, mallows_cp
         claims: optimism, train_monotone
11.4     Validation
         callbacks: RestoreBestWeights
         curves: Curve, LearningCurve, ValidationCurve
         selection: select_candidate
         splits: train_validation_test_split
         claims: selection_bias
11.5     Cross-Validation
         cross_validation: cross_validate
         folds: IllConditionedError, fold_predictions, fold_weights
         risk: gcv, hat_matrix, loo_mse
         selection: FoldScores
         splits: GroupKFold, KFold, LeaveOneOut, StratifiedKFold
         claims: fold_partition, loocv_shortcut, kfold_bias, order_selection_law
11.6     Brief Concluding Remarks
         Exercises
         exercises: loocv_ridge, one_se_rule, nested_cv

Rooms: `layers` and `models` (polynomials), `risk` (estimates of the risk from one fit), `samples` and `splits` (who
trains, who validates), `selection` (scores, and the choice by them), `folds` (all
folds of a ridge regression from one pass), `cross_validation`, `curves`, `callbacks`, then `claims`, `demo`, `figures`
and `exercises`.
"""
