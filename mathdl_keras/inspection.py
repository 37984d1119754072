"""Which features matter to a model: `from mathdl_keras.inspection import permutation_importance`."""

from mathdl_keras.chapters.ch12.conditional_game import (
    ConditionalGaussianGame,
)
from mathdl_keras.chapters.ch12.explanations import (
    Explanation,
    shapley_values,
)
from mathdl_keras.chapters.ch12.feature_checks import (
    ConstantFeaturesWarning,
    CorrelatedFeaturesWarning,
)
from mathdl_keras.chapters.ch12.games import (
    InterventionalGame,
    LossReductionGame,
)
from mathdl_keras.chapters.ch12.importance_report import (
    ImportanceReport,
)
from mathdl_keras.chapters.ch12.interactions import (
    shapley_variance,
    total_sobol_index,
    variance_components,
)
from mathdl_keras.chapters.ch12.kernel_shap import (
    kernel_shap,
    shapley_kernel,
)
from mathdl_keras.chapters.ch12.partial_dependence import (
    PartialDependence,
    partial_dependence,
)
from mathdl_keras.chapters.ch12.permutation_importance import (
    PermutationImportance,
    permutation_importance,
)
from mathdl_keras.chapters.ch12.prediction import (
    PredictionFunction,
)
from mathdl_keras.chapters.ch12.refit_game import (
    RefitR2Game,
)
from mathdl_keras.chapters.ch12.shapley import (
    ShapleyEstimate,
    shapley_exact,
    shapley_sampling,
)
