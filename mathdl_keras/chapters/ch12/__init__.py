"""Chapter 12. Feature Importance.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
12.1     Introduction
         dependence: PartialDependence, partial_dependence
         features: ConstantFeaturesWarning
         prediction: PredictionFunction
12.2     Feature Permutation
         permutation: PermutationImportance, permutation_importance
         claims: permutation_linear
         exercises: grouped_permutation
12.3     Shapley Value
         explain: Explanation, shapley_values
         kernel_shap: kernel_shap, shapley_kernel
         shapley: ShapleyEstimate, shapley_exact, shapley_sampling
         values: InterventionalGame
         claims: shapley_axioms, known_games, sampling, kernel_shap, shapley_linear
         exercises: shapley_value
12.4     Feature Permutation versus Shapley Value
         conditional: ConditionalGaussianGame
         features: CorrelatedFeaturesWarning
         importance: shapley_variance, total_sobol_index, variance_components
         ranking: ImportanceReport
         regressions: RefitR2Game
         values: LossReductionGame
         claims: permutation_vs_shapley, correlation
12.5     Brief Concluding Remarks
12.6     Exercises
         exercises: owen_values

Rooms: `prediction` and `features` (models and data as they come), `permutation`, `shapley` and
`kernel_shap` (values of any game), `values`, `conditional` and `regressions` (games), `explain` (all of it for a
prediction), `dependence`, `importance` and `ranking`, then `claims`, `demo`, `figures` and `exercises`. The pictures of
`figures` (beeswarm, bars with errors, partial dependence) take your own explanations as well.
"""
