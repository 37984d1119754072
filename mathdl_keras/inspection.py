"""Which features matter to a model: `from mathdl_keras.inspection import permutation_importance`."""

from mathdl_keras.chapters.ch12.conditional import (
    ConditionalGaussianGame,
)
from mathdl_keras.chapters.ch12.dependence import (
    PartialDependence,
    partial_dependence,
)
from mathdl_keras.chapters.ch12.explain import (
    Explanation,
    shapley_values,
)
from mathdl_keras.chapters.ch12.features import (
    ConstantFeaturesWarning,
    CorrelatedFeaturesWarning,
)
from mathdl_keras.chapters.ch12.importance import (
    shapley_variance,
    total_sobol_index,
    variance_components,
)
from mathdl_keras.chapters.ch12.kernel_shap import (
    kernel_shap,
    shapley_kernel,
)
from mathdl_keras.chapters.ch12.permutation import (
    PermutationImportance,
    permutation_importance,
)
from mathdl_keras.chapters.ch12.prediction import (
    PredictionFunction,
)
from mathdl_keras.chapters.ch12.ranking import (
    ImportanceReport,
)
from mathdl_keras.chapters.ch12.regressions import (
    RefitR2Game,
)
from mathdl_keras.chapters.ch12.shapley import (
    ShapleyEstimate,
    shapley_exact,
    shapley_sampling,
)
from mathdl_keras.chapters.ch12.values import (
    InterventionalGame,
    LossReductionGame,
)
