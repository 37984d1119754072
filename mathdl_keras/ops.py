"""Functions of tensors, as in `keras.ops`: `from mathdl_keras.ops import conv2d_backward`."""

from mathdl_keras.chapters.ch01.double_descent import double_descent_curve, double_descent_theory, predicted_risk
from mathdl_keras.chapters.ch01.risk import bias_variance, empirical_risk, hoeffding_radius
from mathdl_keras.chapters.ch01.solvers import minimum_norm, ridge_regression
from mathdl_keras.chapters.ch02.descent import (
    gradient_descent,
    mse_gradient,
    mse_hessian,
    predicted_errors,
    stable_learning_rate,
)
from mathdl_keras.chapters.ch02.inference import coefficient_covariance, leverages, noise_variance
from mathdl_keras.chapters.ch02.solvers import LeastSquares, least_squares, solve_normal
from mathdl_keras.chapters.ch03.descent import logistic_descent
from mathdl_keras.chapters.ch03.labels import one_hot
from mathdl_keras.chapters.ch03.metrics import exact_auc
from mathdl_keras.chapters.ch03.separation import SeparableDataWarning, is_separable, max_margin_direction
from mathdl_keras.chapters.ch03.solvers import fisher_information, irls
from mathdl_keras.chapters.ch03.transitions import transition_point, transition_width
from mathdl_keras.chapters.ch04.arc_cosine import ArcCosineKernel
from mathdl_keras.chapters.ch04.kernels import (
    BrownianKernel,
    Kernel,
    LaplaceKernel,
    LinearKernel,
    PolynomialKernel,
    RBFKernel,
)
from mathdl_keras.chapters.ch04.perceptron import train_kernel_perceptron, train_perceptron
from mathdl_keras.chapters.ch04.regression import kernel_ridge
from mathdl_keras.chapters.ch04.spectrum import is_psd, mercer_spectrum, nystrom_features, require_psd
from mathdl_keras.chapters.ch05.boolean import boolean_inputs, parity_network, truth_table, truth_table_network
from mathdl_keras.chapters.ch05.layers import clipping_function
from mathdl_keras.chapters.ch05.moments import gaussian_moment
from mathdl_keras.chapters.ch05.regions import LinearRegions, linear_regions_1d, sawtooth_network
from mathdl_keras.chapters.ch05.thresholds import is_threshold_function, threshold_functions, threshold_weights
from mathdl_keras.chapters.ch06.gradients import autodiff_gradients, check_gradient, layer_gradients
from mathdl_keras.chapters.ch07.growth import deepen, relu_network
from mathdl_keras.chapters.ch07.network import shallow_gradients
from mathdl_keras.chapters.ch07.noise import minibatch_gradient_covariance, sgd_stationary_covariance
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler, draw_batches
from mathdl_keras.chapters.ch07.steps import sgd_replicas, sgd_step
from mathdl_keras.chapters.ch08.cost import Memory, NetworkCost, activation_memory, count_flops, network_cost
from mathdl_keras.chapters.ch08.profilers import compiled_flops, measured_flops
from mathdl_keras.chapters.ch08.propagation import SignalPropagation, signal_propagation
from mathdl_keras.chapters.ch09.marginal import dropout_ridge, marginalized_dropout_loss
from mathdl_keras.chapters.ch09.predictors import (
    DropoutPrediction,
    MCDropoutPredictor,
    geometric_mean_ensemble,
    weight_scaling,
)
from mathdl_keras.chapters.ch09.regularizers import soft_threshold
from mathdl_keras.chapters.ch09.solvers import LassoPath, lasso_path, ridge_path
from mathdl_keras.chapters.ch10.folding import fold_batchnorm
from mathdl_keras.chapters.ch10.normalization import batch_moments, batch_norm_backward, batch_norm_forward
from mathdl_keras.chapters.ch10.statistics import MovingMoments, recalibrate_batchnorm
from mathdl_keras.chapters.ch11.cross_validation import cross_validate
from mathdl_keras.chapters.ch11.curves import Curve, LearningCurve, ValidationCurve
from mathdl_keras.chapters.ch11.folds import IllConditioned, fold_predictions, fold_weights
from mathdl_keras.chapters.ch11.layers import polynomial_features
from mathdl_keras.chapters.ch11.risk import aic, gcv, hat_matrix, loocv_shortcut, mallows_cp
from mathdl_keras.chapters.ch11.scoring import MetricFunction
from mathdl_keras.chapters.ch11.selection import FoldScores, select
from mathdl_keras.chapters.ch11.splits import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
    train_validation_test_split,
)
from mathdl_keras.chapters.ch12.conditional import ConditionalGaussianValue
from mathdl_keras.chapters.ch12.dependence import PartialDependence, partial_dependence
from mathdl_keras.chapters.ch12.explain import Explanation, shapley_values
from mathdl_keras.chapters.ch12.features import ConstantFeaturesWarning, CorrelatedFeaturesWarning
from mathdl_keras.chapters.ch12.importance import shapley_variance, total_sobol_index, variance_components
from mathdl_keras.chapters.ch12.kernel_shap import kernel_shap, shapley_kernel
from mathdl_keras.chapters.ch12.permutation import PermutationImportance, permutation_importance
from mathdl_keras.chapters.ch12.prediction import PredictionFunction
from mathdl_keras.chapters.ch12.ranking import ImportanceReport
from mathdl_keras.chapters.ch12.regressions import RefitR2Value
from mathdl_keras.chapters.ch12.shapley import ShapleyEstimate, shapley_exact, shapley_sampling
from mathdl_keras.chapters.ch12.values import InterventionalValue, LossReductionValue
from mathdl_keras.chapters.ch13.attention import causal_mask, scaled_dot_product_attention
from mathdl_keras.chapters.ch13.clipping import ClipGradientNorm
from mathdl_keras.chapters.ch13.dot_product import attention_backward, attention_forward
from mathdl_keras.chapters.ch13.equivariance import equivariance_error, is_permutation_equivariant
from mathdl_keras.chapters.ch13.ngrams import NGramModel
from mathdl_keras.chapters.ch13.plants import LinearPlant, error_covariance, riccati_gain
from mathdl_keras.chapters.ch13.positions import sinusoidal_encoding
from mathdl_keras.chapters.ch13.recurrence import backward_scan, forward_scan
from mathdl_keras.chapters.ch13.sampling import draw_token, scale_logits, top_k_logits, top_p_logits
from mathdl_keras.chapters.ch13.stability import hidden_jacobian, lyapunov_exponent, spectral_radius
from mathdl_keras.chapters.ch13.text import CharacterVocabulary, text_windows
from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward, im2col
from mathdl_keras.chapters.ch14.detection import (
    detection_probability,
    null_threshold,
    pearson_correlation,
    sliding_correlation,
    window_moments,
)
from mathdl_keras.chapters.ch14.geometry import conv_output_size, receptive_field, toeplitz_matrix
from mathdl_keras.chapters.ch14.pooling import max_pool2d_backward, max_pool2d_forward
from mathdl_keras.chapters.ch15.bounds import elbo, elbo_draws
from mathdl_keras.chapters.ch15.games import gan_value, jensen_shannon, optimal_discriminator
from mathdl_keras.chapters.ch15.gaussians import (
    DiagonalGaussian,
    FullGaussian,
    bernoulli_log_density,
    gaussian_log_density,
    kl_diagonal_gaussians,
)
from mathdl_keras.chapters.ch15.metrics import mode_coverage
from mathdl_keras.chapters.ch15.ppca import PPCA, ppca
from mathdl_keras.chapters.ch15.sampling import reparameterized_gradient, score_function_gradient
from mathdl_keras.chapters.ch15.transport import kantorovich_lp, wasserstein_1d
from mathdl_keras.core.autodiff import custom_vjp, grad, hvp, jacobian, jvp, per_example_gradients, value_and_grad, vjp
from mathdl_keras.core.loops import compiled, compiled_loop, scan

__all__ = [
    "ArcCosineKernel",
    "BrownianKernel",
    "CharacterVocabulary",
    "ClipGradientNorm",
    "ConditionalGaussianValue",
    "ConstantFeaturesWarning",
    "CorrelatedFeaturesWarning",
    "Curve",
    "DiagonalGaussian",
    "DropoutPrediction",
    "Explanation",
    "FoldScores",
    "FullGaussian",
    "GroupKFold",
    "IllConditioned",
    "ImportanceReport",
    "InterventionalValue",
    "KFold",
    "Kernel",
    "LaplaceKernel",
    "LassoPath",
    "LearningCurve",
    "LeastSquares",
    "LeaveOneOut",
    "LinearKernel",
    "LinearPlant",
    "LinearRegions",
    "LossReductionValue",
    "MCDropoutPredictor",
    "Memory",
    "MetricFunction",
    "MinibatchSampler",
    "MovingMoments",
    "NGramModel",
    "NetworkCost",
    "PPCA",
    "PartialDependence",
    "PermutationImportance",
    "PolynomialKernel",
    "PredictionFunction",
    "RBFKernel",
    "RefitR2Value",
    "SeparableDataWarning",
    "ShapleyEstimate",
    "SignalPropagation",
    "StratifiedKFold",
    "ValidationCurve",
    "activation_memory",
    "aic",
    "attention_backward",
    "attention_forward",
    "autodiff_gradients",
    "backward_scan",
    "batch_moments",
    "batch_norm_backward",
    "batch_norm_forward",
    "bernoulli_log_density",
    "bias_variance",
    "boolean_inputs",
    "causal_mask",
    "check_gradient",
    "clipping_function",
    "coefficient_covariance",
    "compiled",
    "compiled_flops",
    "compiled_loop",
    "conv2d_backward",
    "conv2d_forward",
    "conv_output_size",
    "count_flops",
    "cross_validate",
    "custom_vjp",
    "deepen",
    "detection_probability",
    "double_descent_curve",
    "double_descent_theory",
    "draw_batches",
    "draw_token",
    "dropout_ridge",
    "elbo",
    "elbo_draws",
    "empirical_risk",
    "equivariance_error",
    "error_covariance",
    "exact_auc",
    "fisher_information",
    "fold_batchnorm",
    "fold_predictions",
    "fold_weights",
    "forward_scan",
    "gan_value",
    "gaussian_log_density",
    "gaussian_moment",
    "gcv",
    "geometric_mean_ensemble",
    "grad",
    "gradient_descent",
    "hat_matrix",
    "hidden_jacobian",
    "hoeffding_radius",
    "hvp",
    "im2col",
    "irls",
    "is_permutation_equivariant",
    "is_psd",
    "is_separable",
    "is_threshold_function",
    "jacobian",
    "jensen_shannon",
    "jvp",
    "kantorovich_lp",
    "kernel_ridge",
    "kernel_shap",
    "kl_diagonal_gaussians",
    "lasso_path",
    "layer_gradients",
    "least_squares",
    "leverages",
    "linear_regions_1d",
    "logistic_descent",
    "loocv_shortcut",
    "lyapunov_exponent",
    "mallows_cp",
    "marginalized_dropout_loss",
    "max_margin_direction",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "measured_flops",
    "mercer_spectrum",
    "minibatch_gradient_covariance",
    "minimum_norm",
    "mode_coverage",
    "mse_gradient",
    "mse_hessian",
    "network_cost",
    "noise_variance",
    "null_threshold",
    "nystrom_features",
    "one_hot",
    "optimal_discriminator",
    "parity_network",
    "partial_dependence",
    "pearson_correlation",
    "per_example_gradients",
    "permutation_importance",
    "polynomial_features",
    "ppca",
    "predicted_errors",
    "predicted_risk",
    "recalibrate_batchnorm",
    "receptive_field",
    "relu_network",
    "reparameterized_gradient",
    "require_psd",
    "riccati_gain",
    "ridge_path",
    "ridge_regression",
    "sawtooth_network",
    "scale_logits",
    "scaled_dot_product_attention",
    "scan",
    "score_function_gradient",
    "select",
    "sgd_replicas",
    "sgd_stationary_covariance",
    "sgd_step",
    "shallow_gradients",
    "shapley_exact",
    "shapley_kernel",
    "shapley_sampling",
    "shapley_values",
    "shapley_variance",
    "signal_propagation",
    "sinusoidal_encoding",
    "sliding_correlation",
    "soft_threshold",
    "solve_normal",
    "spectral_radius",
    "stable_learning_rate",
    "text_windows",
    "threshold_functions",
    "threshold_weights",
    "toeplitz_matrix",
    "top_k_logits",
    "top_p_logits",
    "total_sobol_index",
    "train_kernel_perceptron",
    "train_perceptron",
    "train_validation_test_split",
    "transition_point",
    "transition_width",
    "truth_table",
    "truth_table_network",
    "value_and_grad",
    "variance_components",
    "vjp",
    "wasserstein_1d",
    "weight_scaling",
    "window_moments",
]
