"""Chapter 11. Training, Validation, and Testing.

Section  Title                     Objects                                          Claims
-------  ------------------------  -----------------------------------------------  -------------------
11.1     Introduction
11.2     Polynomials               polynomial_features, PolynomialFeatures1D,       basis_invariance
                                   PolynomialRegression
11.3     Training                  mallows_cp, aic                                  optimism,
                                                                                    train_monotone
11.4     Validation                train_validation_test_split, select_candidate,             selection_bias
                                   Measure, ValidationCurve,
                                   LearningCurve, RestoreBestWeights
11.5     Cross-Validation          KFold, StratifiedKFold, GroupKFold, LeaveOneOut, fold_partition,
                                   cross_validate, FoldScores, fold_weights,        loocv_shortcut,
                                   fold_predictions, loocv_shortcut, gcv,           kfold_bias,
                                   hat_matrix                                       order_selection_law
11.6     Brief Concluding Remarks
         Exercises                 loocv_ridge, one_se_rule, nested_cv

Rooms: `layers` and `models` (polynomials), `risk` (estimates of the risk from one fit), `samples` and `splits` (who
trains, who validates), `scoring` (metrics of every kind), `selection` (scores, and the choice by them), `folds` (all
folds of a ridge regression from one pass), `cross_validation`, `curves`, `callbacks`, then `claims`, `demo`, `figures`
and `exercises`.
"""
