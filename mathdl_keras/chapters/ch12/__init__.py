"""Chapter 12. Feature Importance.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
12.1     Introduction
         partial_dependence: PartialDependence, partial_dependence
         feature_checks: ConstantFeaturesWarning
         prediction: PredictionFunction
12.2     Feature Permutation
         permutation_importance: PermutationImportance, permutation_importance
         claims: permutation_linear
         exercises: grouped_permutation
12.3     Shapley Value
         explanations: Explanation, shapley_values
         kernel_shap: kernel_shap, shapley_kernel
         shapley: ShapleyEstimate, shapley_exact, shapley_sampling
         games: InterventionalGame
         claims: shapley_axioms, known_games, sampling, kernel_shap, shapley_linear
         exercises: shapley_value
12.4     Feature Permutation versus Shapley Value
         conditional_game: ConditionalGaussianGame
         feature_checks: CorrelatedFeaturesWarning
         interactions: shapley_variance, total_sobol_index, variance_components
         importance_report: ImportanceReport
         refit_game: RefitR2Game
         games: LossReductionGame
         claims: permutation_vs_shapley, correlation
12.5     Brief Concluding Remarks
12.6     Exercises
         exercises: owen_values

Rooms: `prediction` and `feature_checks` (models and data as they come), `permutation_importance`; `shapley` and
`kernel_shap` (values of any game), `games`, `conditional_game` and `refit_game`, `explanations` (all of it, for
predictions); `partial_dependence`, `interactions` and `importance_report`; then `claims`, `demo`, `figures` and
`exercises`. The pictures of `figures` (beeswarm, bars with errors, partial dependence) take your own explanations, too.
"""
