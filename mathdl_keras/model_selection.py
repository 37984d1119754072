"""Risk, validation and the choice of a model: `from mathdl_keras.model_selection import cross_validate`."""

from mathdl_keras.chapters.ch01.risk import (
    bias_variance,
    empirical_risk,
    hoeffding_radius,
)
from mathdl_keras.chapters.ch11.cross_validation import (
    cross_validate,
)
from mathdl_keras.chapters.ch11.curves import (
    Curve,
    LearningCurve,
    ValidationCurve,
)
from mathdl_keras.chapters.ch11.folds import (
    IllConditionedError,
    fold_predictions,
    fold_weights,
)
from mathdl_keras.chapters.ch11.risk import (
    aic,
    gcv,
    hat_matrix,
    loo_mse,
    mallows_cp,
)
from mathdl_keras.chapters.ch11.selection import (
    FoldScores,
    select_candidate,
)
from mathdl_keras.chapters.ch11.splits import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
    train_validation_test_split,
)
from mathdl_keras.core.measures import Measure
