"""Chapter 12. Feature Importance.

Section  Title                     Objects                                          Claims
-------  ------------------------  -----------------------------------------------  -----------------------
12.1     Introduction              partial_dependence, PartialDependence,
                                   PredictionFunction, ConstantFeaturesWarning
12.2     Feature Permutation       permutation_importance, PermutationImportance    permutation_linear
12.3     Shapley Value             shapley_exact, shapley_sampling, kernel_shap,    shapley_axioms,
                                   ShapleyEstimate, shapley_kernel,                 known_games,
                                   InterventionalGame, shapley_values,             shapley_linear,
                                   Explanation                                      sampling, kernel_shap
12.4     Feature Permutation       total_sobol_index, shapley_variance,             permutation_vs_shapley,
         versus Shapley Value      variance_components, LossReductionGame,         correlation
                                   RefitR2Game, ConditionalGaussianGame,
                                   ImportanceReport, CorrelatedFeaturesWarning
12.5     Brief Concluding Remarks
12.6     Exercises                 shapley_value, grouped_permutation, owen_values

Rooms: `prediction`, `features` and `scores` (models, data and losses as they come), `permutation`, `shapley` and
`kernel_shap` (values of any game), `values`, `conditional` and `regressions` (games), `explain` (all of it for a
prediction), `dependence`, `importance` and `ranking`, then `claims`, `demo`, `figures` and `exercises`. The pictures of
`figures` (beeswarm, bars with errors, partial dependence) take your own explanations as well.
"""
