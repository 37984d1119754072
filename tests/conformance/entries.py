"""Every public component of the shelf: how to make it, what to feed it, and which checks it cannot take.

A component that is missing here fails `test_every_component_of_the_shelf_has_an_entry`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mathdl_keras import callbacks, layers, losses, metrics, models, optimizers
from mathdl_keras.kernels import RBFKernel

SHELF = {
    name: getattr(shelf, name)
    for shelf in (layers, losses, metrics, optimizers, optimizers.schedules, callbacks, models)
    for name in vars(shelf)
    if inspect.isclass(getattr(shelf, name))
}


@dataclass(frozen=True)
class Entry:
    """How a component is tested.

    Attributes:
        arguments: Of its constructor.
        shape: Of one input, without the batch.
        bad: Pairs of changed arguments and what the error must say.
        skips: From the name of a check to the reason why this component cannot take it.
        make: Makes it from its arguments, where the arguments are not plain.
        loss: What a model without a loss of its own is trained with.
        labels: Targets of a batch of four.
    """

    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    bad: tuple[tuple[Mapping[str, Any], str], ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
    make: Callable | None = None
    loss: str = "binary_crossentropy"
    labels: tuple = (0, 1, 0, 1)


@dataclass(frozen=True)
class Scored:
    """How a loss or a metric is tested.

    Attributes:
        arguments: Of its constructor.
        targets: Of a batch of six: `y_true`.
        predictions: Of the same batch: `y_pred`.
        bad: Pairs of changed arguments and what the error must say.
        skips: From the name of a check to the reason why this component cannot take it.
    """

    arguments: Mapping[str, Any]
    targets: np.ndarray
    predictions: np.ndarray
    bad: tuple[tuple[Mapping[str, Any], str], ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)


S = np.sin(np.arange(5.0)).tolist()
PATCH = np.outer(np.sin(np.arange(3.0)), np.cos(np.arange(2.0)))[:, :].tolist()
SLIDES = "slides over the whole signal: a time mask has no meaning for its windows"
IMAGES = "takes images, which Keras does not mask"
NO_WEIGHTS = "has no weights: its template is known"
PLAIN = "takes rows of a table, which Keras does not mask"
EACH_STEP = "treats each step by itself, and hands the mask on"
BATCH = "it is normalized by its batch: tests/ch10/test_layers.py"
STEP = "0/1 decisions have no gradient"
LANDMARKS = [[0.0, 1.0], [1.5, -0.5], [-1.0, 0.3]]


def machine(cls, **kwargs):
    """A kernel machine with three points, and coefficients that are not zero."""
    model = cls(**{"kernel": RBFKernel(1.5)} | kwargs)
    model.adapt(LANDMARKS)
    model.coefficients.assign([[1.0], [-0.5], [0.25]])
    return model


LOGIC = {"masks": PLAIN, "weights": "has no weights: its formula is known"}

LAYERS = {
    "AndUnit": Entry({}, (3,), skips=LOGIC),
    "OrUnit": Entry({}, (3,), skips=LOGIC),
    "NotUnit": Entry({}, (3,), skips=LOGIC),
    "XorNetwork": Entry({}, (2,), skips=LOGIC),
    "Clip01": Entry({}, (3,), skips=LOGIC | {"rank": "clips numbers of any shape"}),
    "RandomFeatures": Entry(
        {"units": 6, "activation": "fourier", "scale": 0.5, "bias_scale": 1.0, "seed": 3},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"activation": "tanh"}, "activation must be one of relu, fourier"),
            ({"scale": 0.0}, "scale must be > 0"),
        ),
        {"masks": PLAIN, "weights": "its weights are frozen"},
    ),
    "GramMatrix": Entry(
        {"landmarks": LANDMARKS},
        (2,),
        (({"landmarks": [0.0, 1.0]}, "x must have shape"), ({"landmarks": [[np.nan, 0.0]]}, "x must be finite")),
        {"masks": PLAIN, "weights": "has no weights: its landmarks are known"},
        make=lambda **kwargs: layers.GramMatrix(**{"kernel": RBFKernel(1.5)} | kwargs),
    ),
    "RandomFourierFeatures": Entry(
        {"units": 6, "lengthscale": 2.0, "seed": 3},
        (4,),
        (({"units": 0}, "units must be an integer >= 1"), ({"lengthscale": 0.0}, "lengthscale must be positive")),
        {"masks": PLAIN, "weights": "its weights are frozen"},
    ),
    "Normalization": Entry(
        {"axis": -1},
        (4,),
        (
            ({"axis": 0}, "axis must be an axis of x, of known size"),
            ({"axis": 3}, "axis must be an axis of x"),
            ({"axis": 1.5}, "axis must be an integer"),
            ({"mean": 0.0}, "mean and variance must both be given"),
        ),
        {"masks": PLAIN, "weights": "its weights are statistics of the data"},
    ),
    "Softmax": Entry(
        {"axis": -1},
        (4,),
        (({"axis": 1.5}, "axis must be an integer"), ({"axis": 2}, "axis must be an axis of x")),
        {"masks": PLAIN, "weights": "a function without weights"},
    ),
    "Dropout": Entry(
        {"rate": 0.4, "seed": 3, "mode": "standard"},
        (4,),
        (({"rate": 1.0}, "rate must be in"), ({"mode": "random"}, "mode must be one of")),
        {
            "masks": PLAIN,
            "rank": "any shape will do",
            "training": "random: tests/ch09/test_layers.py",
            "weights": "it has none",
        },
    ),
    "BatchNormalization": Entry(
        {"momentum": 0.9, "epsilon": 1e-3, "beta_initializer": "ones"},
        (4,),
        (
            ({"axis": 2}, "axis must be an axis of x"),
            ({"axis": None}, "axis must be an integer"),
            ({"momentum": 1.5}, "momentum must be in"),
            ({"epsilon": -1.0}, "epsilon must be >= 0"),
        ),
        {"masks": PLAIN, "training": BATCH},
    ),
    "DenseBatchNorm": Entry(
        {"units": 3, "activation": "tanh"},
        (4,),
        (({"units": 0}, "units must be an integer >= 1"),),
        {"masks": PLAIN, "training": BATCH},
    ),
    "PolynomialFeatures1D": Entry(
        {"degree": 3, "basis": "chebyshev", "domain": [-2.0, 3.0]},
        (1,),
        (
            ({"degree": -1}, "degree must be an integer >= 0"),
            ({"basis": "x"}, "basis must be one of"),
            ({"domain": [1, 1]}, "domain must be"),
        ),
        {"masks": PLAIN, "weights": "a function without weights"},
    ),
    "Dense": Entry(
        {"units": 3, "activation": "tanh"},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"activation": "glue"}, "activation must be known here or to Keras"),
        ),
        {"masks": PLAIN, "rank": "takes any rank from 2 on"},
    ),
    "MatchedFilter1D": Entry(
        {"template": S},
        (24, 1),
        (
            ({"template": [0.0, 0.0]}, "template must be finite and not all zero"),
            ({"template": [1.0, np.nan]}, "template must be finite and not all zero"),
            ({"template": [[1.0]]}, "template must be an array with 1 axes"),
            ({"template": np.ones(25)}, "template must fit into x"),
        ),
        {"masks": SLIDES, "weights": NO_WEIGHTS},
    ),
    "MatchedFilter2D": Entry(
        {"template": PATCH},
        (9, 8, 1),
        (({"template": S}, "template must be an array with 2 axes"),),
        {"masks": IMAGES, "weights": NO_WEIGHTS},
    ),
    "PearsonCorrelation1D": Entry(
        {"template": S, "epsilon": 1e-5},
        (24, 1),
        (({"epsilon": -1.0}, r"epsilon must be in \[0, 1\)"), ({"template": []}, "at least one value")),
        {"masks": SLIDES, "weights": NO_WEIGHTS},
    ),
    "PearsonCorrelation2D": Entry(
        {"template": PATCH},
        (9, 8, 1),
        (({"template": np.ones((10, 2))}, "template must fit into x"),),
        {"masks": IMAGES, "weights": NO_WEIGHTS},
    ),
    "SignalDetector": Entry(
        {"threshold": 0.5},
        (24, 1),
        (({"threshold": np.inf}, "threshold must be finite"),),
        {"masks": SLIDES, "weights": NO_WEIGHTS, "input gradient": STEP},
        make=lambda **kwargs: layers.SignalDetector(layers.PearsonCorrelation1D(S), **kwargs),
    ),
    "Conv2D": Entry(
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
        (9, 8, 2),
        (
            ({"filters": 0}, "filters must be at least 1"),
            ({"kernel_size": 0}, "kernel_size must be"),
            ({"strides": (1, 0)}, "strides must be"),
            ({"padding": "full"}, "padding must be"),
            ({"kernel_size": 12, "padding": "valid"}, "kernel_size must not exceed"),
            ({"groups": 2}, "filters must be a positive multiple of groups=2"),
            ({"dilation_rate": 2}, "strides must be 1 where dilation_rate is not"),
            ({"data_format": "NCHW"}, "data_format must be one of channels_last, channels_first"),
        ),
        {"masks": IMAGES},
    ),
    "MaxPooling2D": Entry(
        {"pool_size": 2, "padding": "same"},
        (9, 8, 2),
        (
            ({"pool_size": 0}, "pool_size must be"),
            ({"padding": "full"}, "padding must be"),
            ({"data_format": "NCHW"}, "data_format must be one of"),
        ),
        {"masks": IMAGES, "weights": "pooling has no weights"},
    ),
    "SimpleRNN": Entry(
        {"units": 3},
        (5, 2),
        (({"units": 0}, "units must be an integer >= 1"), ({"unroll": True}, "unroll must be False")),
    ),
    "LSTM": Entry(
        {"units": 3, "return_sequences": True},
        (5, 2),
        (({"recurrent_activation": "gelu"}, "recurrent_activation must be"),),
    ),
    "GRU": Entry({"units": 3, "reset_after": False}, (5, 2), (({"activation": "swish"}, "activation must be"),)),
    "RNN": Entry(
        {"return_sequences": True},
        (5, 2),
        (({"unroll": True}, "unroll must be False"),),
        make=lambda **kwargs: layers.RNN(layers.JordanCell(3, 2), **kwargs),
    ),
    "Bidirectional": Entry(
        {"merge_mode": "concat"},
        (5, 2),
        (({"merge_mode": "both"}, "merge_mode must be concat"),),
        make=lambda **kwargs: layers.Bidirectional(layers.GRU(3, return_sequences=True), **kwargs),
    ),
    "BatchNormRNN": Entry(
        {"units": 3, "activation": "tanh", "return_sequences": True, "momentum": 0.9},
        (5, 4),
        (({"units": 0}, "units must be an integer >= 1"),),
        {"masks": "the moments are those of all steps", "training": BATCH},
    ),
    "LayerNormalization": Entry(
        {"epsilon": 1e-2, "beta_initializer": "ones"},
        (5, 4),
        (({"axis": 1}, "axis must be -1"), ({"epsilon": -1.0}, "epsilon must be >= 0")),
        {"masks": EACH_STEP, "rank": "takes any rank from 2 on"},
    ),
    "VariationalDropout": Entry(
        {"rate": 0.4, "shared_mask": True, "seed": 3},
        (6, 4),
        (({"rate": 1.0}, "rate must be in"),),
        {"masks": EACH_STEP, "training": "random: tests/ch13/test_dropout.py", "weights": "it has none"},
    ),
    "SelfAttention": Entry(
        {"key_dim": 3, "value_dim": 2}, (5, 4), (({"key_dim": 0}, "key_dim must be an integer >= 1"),)
    ),
    "MaskedSelfAttention": Entry({"key_dim": 3}, (5, 4), (({"key_dim": 0}, "key_dim must be an integer >= 1"),)),
    "MultiHeadSelfAttention": Entry(
        {"num_heads": 2, "key_dim": 3, "causal": True}, (5, 4), (({"num_heads": 0}, "num_heads must be"),)
    ),
    "SinePositionEncoding": Entry(
        {"sequence_length": 6, "dim": 4},
        (5, 4),
        (({"dim": 5}, "dim must be even"),),
        {"masks": EACH_STEP, "weights": "it has none"},
    ),
    "PositionEmbedding": Entry(
        {"sequence_length": 6}, (5, 4), (({"sequence_length": 0}, "sequence_length must be"),), {"masks": EACH_STEP}
    ),
    "TransformerEncoderBlock": Entry(
        {"num_heads": 2, "key_dim": 3, "intermediate_dim": 8},
        (5, 4),
        (({"normalize_first": "both"}, "normalize_first must be"),),
    ),
    "TransformerEncoder": Entry(
        {"num_layers": 1, "num_heads": 2, "key_dim": 3, "intermediate_dim": 8},
        (5, 4),
        (({"num_layers": 0}, "num_layers must be"),),
    ),
}

MODELS = {
    "MinimumNormRegressor": Entry(
        {"units": 1, "l2": 0.1, "rcond": 1e-8, "kernel_initializer": "glorot_uniform"},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"l2": -1.0}, "l2 must be >= 0"),
            ({"rcond": 1.0}, r"rcond must be in \[0, 1\)"),
        ),
        {"masks": PLAIN},
        make=lambda dtype=None, **kwargs: models.MinimumNormRegressor(
            features=layers.RandomFeatures(5, name="phi", dtype=dtype), dtype=dtype, **kwargs
        ),
        loss="mse",
    ),
    "LinearRegression": Entry(
        {"fit_intercept": True, "solver": "qr"},
        (4,),
        (({"solver": "lu"}, "solver must be one of"), ({"units": 0}, "units must be an integer >= 1")),
        {"masks": PLAIN},
    ),
    "RidgeRegression": Entry(
        {"l2": 0.2, "units": 2},
        (4,),
        (({"l2": 0.0}, "l2 must be positive"), ({"units": 0}, "units must be an integer >= 1")),
        {"masks": PLAIN},
        labels=tuple(np.eye(2)[[0, 1, 0, 1]]),
    ),
    "Lasso": Entry(
        {"l1": 0.2, "solver": "ista"},
        (4,),
        (({"l1": -1.0}, "l1 must be a finite number >= 0"), ({"solver": "cd"}, "solver must be one of")),
        {"masks": PLAIN},
    ),
    "PolynomialRegression": Entry(
        {"degree": 3, "basis": "legendre", "l2": 0.1, "kernel_initializer": "glorot_uniform"},
        (1,),
        (
            ({"degree": -1}, "degree must be an integer >= 0"),
            ({"l2": -1.0}, "l2 must be"),
            ({"units": 0}, "units must be an integer >= 1"),
        ),
        {"masks": PLAIN},
        loss="mse",
    ),
    "LogisticRegression": Entry(
        {"l2": 0.05, "l1": 0.1, "kernel_initializer": "glorot_uniform"},
        (4,),
        (
            ({"l2": -1.0}, "l2 must be >= 0"),
            ({"l1": np.inf}, "l1 must be >= 0"),
            ({"solver": "irls"}, "solver must be None, 'gd'"),
        ),
        {"masks": PLAIN},
    ),
    "SoftmaxRegression": Entry(
        {"num_classes": 3, "l2": 0.05, "kernel_initializer": "glorot_uniform"},
        (4,),
        (({"num_classes": 1}, "num_classes must be an integer >= 2"), ({"l2": np.nan}, "l2 must be >= 0")),
        {"masks": PLAIN},
        loss="sparse_categorical_crossentropy",
    ),
    "Perceptron": Entry(
        {"kernel_initializer": "glorot_uniform"},
        (4,),
        (({"use_bias": "no"}, "use_bias must be True or False"),),
        {"masks": PLAIN},
        loss="hinge",
        labels=(-1, 1, -1, 1),
    ),
    "KernelPerceptron": Entry(
        {},
        (2,),
        (({"kernel": "rbf"}, "kernel must be a Kernel or a function"),),
        {"masks": PLAIN},
        make=lambda **kwargs: machine(models.KernelPerceptron, **kwargs),
        loss="hinge",
        labels=(-1, 1, -1, 1),
    ),
    "KernelRidge": Entry(
        {"l2": 0.5},
        (2,),
        (({"l2": -1.0}, "l2 must be >= 0"), ({"kernel": None}, "kernel must be a Kernel or a function")),
        {"masks": PLAIN},
        make=lambda **kwargs: machine(models.KernelRidge, **kwargs),
        loss="mse",
    ),
    "MLP": Entry(
        {"widths": (4, 5, 1), "activation": "tanh", "output_activation": "sigmoid"},
        (4,),
        (
            ({"widths": (4,)}, "widths must be two or more integers >= 1"),
            ({"widths": (4, 0, 1)}, "widths must be two or more integers >= 1"),
            ({"activation": "gelu"}, "activation must be an Activation or one of"),
        ),
        {"masks": PLAIN},
    ),
    "BackpropMLP": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "loss": "categorical_crossentropy"},
        (4,),
        (
            ({"widths": 4}, "widths must be two or more integers >= 1"),
            ({"loss": "hinge"}, "loss must have a method gradient or be one of"),
        ),
        {"masks": PLAIN},
    ),
    "DropoutMLP": Entry(
        {"widths": (4, 5, 3), "rate": [0.1, 0.5], "activation": "tanh", "seed": 2},
        (4,),
        (({"rate": [0.5]}, "rate must be a number, or 2"), ({"rate": 1.0}, "rate must be in")),
        {"masks": PLAIN, "training": "random: tests/ch09/test_networks.py"},
    ),
    "BatchNormMLP": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "momentum": 0.9},
        (4,),
        (({"widths": (4, 0)}, "widths must be two or more"), ({"momentum": 2}, "momentum must be in")),
        {"masks": PLAIN, "training": BATCH},
    ),
    "ShallowNetwork": Entry(
        {"hidden": 5, "outputs": 3, "activation": "tanh"},
        (4,),
        (
            ({"hidden": 0}, "hidden must be an integer >= 1"),
            ({"outputs": 1}, "outputs must be an integer >= 2"),
            ({"activation": "gelu"}, "activation must be an Activation or one of"),
        ),
        {"masks": PLAIN},
    ),
    "MultiLayerSGD": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "learning_rate": 0.05, "batch_size": 8},
        (4,),
        (
            ({"widths": (4, 0)}, "widths must be two or more integers >= 1"),
            ({"learning_rate": -1.0}, "learning_rate must be positive"),
            ({"batch_size": 0}, "batch_size must be an integer >= 1"),
        ),
        {"masks": PLAIN},
    ),
    "LearnedFilterDetector": Entry(
        {"length": 5}, (24, 1), (({"length": 0}, "length must be an integer >= 1"),), {"masks": SLIDES}
    ),
    "SingleChannelCNN": Entry(
        {"num_classes": 3, "kernel_size": 3},
        (9, 8, 1),
        (({"num_classes": 1}, "num_classes must be an integer >= 2"),),
        {"masks": IMAGES},
    ),
    "MultiChannelCNN": Entry(
        {"num_classes": 3, "filters": (2, 4), "kernel_size": 2, "pool_size": 2},
        (9, 8, 2),
        (({"activation": "gelu"}, "activation must be an Activation or one of"),),
        {"masks": IMAGES},
    ),
    "ElmanBPTT": Entry(
        {"units": 3, "outputs": 1, "activation": "tanh", "return_sequences": False, "loss": "mse"},
        (5, 2),
        (({"units": 0}, "units must be an integer >= 1"), ({"outputs": 0}, "units must be an integer >= 1")),
        {"masks": "reads whole sequences"},
    ),
    "RecurrentBPTT": Entry(
        {"outputs": 1, "return_sequences": False, "loss": "mse"},
        (5, 2),
        (({"outputs": 0}, "units must be an integer >= 1"),),
        {"masks": "reads whole sequences"},
        make=lambda dtype=None, **kwargs: models.RecurrentBPTT(layers.LSTMCell(3, dtype=dtype), dtype=dtype, **kwargs),
    ),
}

ENTRIES = LAYERS | MODELS

REALS = np.array([[0.5], [-1.0], [2.0], [0.0], [1.5], [-0.5]], "float32")  # six targets of a regression
SCORES = np.array([[0.3], [-0.7], [1.1], [0.4], [-0.2], [0.9]], "float32")  # six predictions or logits
BITS = np.array([[0.0], [0.0], [1.0], [0.0], [1.0], [1.0]], "float32")
SIGNS = 2 * BITS - 1
SMOOTH = (({"label_smoothing": 1.5}, "label_smoothing must be in"), ({"axis": 0.5}, "axis must be an integer"))
FLAG = {"bad": "its only argument is a flag"}

LOSSES: dict[str, Scored] = {
    "ZeroOneLoss": Scored({}, SIGNS, SCORES),
    "PerceptronLoss": Scored({}, SIGNS, SCORES),
    "Hinge": Scored({}, SIGNS, SCORES),
    "LogisticLoss": Scored({}, SIGNS, SCORES),
    "BinaryCrossentropy": Scored({"from_logits": True, "label_smoothing": 0.1}, BITS, SCORES, SMOOTH),
    "CategoricalCrossentropy": Scored(
        {"from_logits": True, "label_smoothing": 0.1}, np.hstack([BITS, 1 - BITS]), np.hstack([SCORES, REALS]), SMOOTH
    ),
    "MeanSquaredError": Scored({"scale": 0.5}, REALS, SCORES, (({"scale": 0.0}, "scale must be positive and finite"),)),
}

METRICS: dict[str, Scored] = {
    "ConfusionMatrix": Scored(
        {"num_classes": 2, "threshold": 0.25},
        BITS,
        SCORES,
        (({"num_classes": 1}, "num_classes must be an integer >= 2"),),
    ),
    "ROCAUC": Scored(
        {"capacity": 100},
        BITS,
        SCORES,
        (({"capacity": 0}, "capacity must be an integer >= 1"),),
        {"weights": "counts pairs, and refuses weights: tests/ch03/test_metrics.py"},
    ),
    "LogLoss": Scored({"from_logits": True}, BITS, SCORES, skips=FLAG),
    "CalibrationCurve": Scored(
        {"bins": 2}, BITS, 1 / (1 + np.exp(-SCORES)), (({"bins": 0}, "bins must be an integer >= 1"),)
    ),
    "R2Score": Scored(
        {"class_aggregation": "uniform_average"},
        REALS,
        SCORES,
        (
            ({"num_regressors": -1}, "num_regressors must be an integer >= 0"),
            ({"class_aggregation": "sum"}, "class_aggregation must be one of"),
        ),
    ),
    "ModeCoverage": Scored(
        {"centres": [[0.0, 0.0], [1.0, 1.0]], "radius": 0.5},
        np.hstack([REALS, SCORES]),
        np.hstack([REALS, SCORES])[::-1].copy(),
        (({"radius": 0.0}, "radius must be positive"), ({"share": 2.0}, "share must be in")),
    ),
    "MarginalWasserstein": Scored(
        {"lo": -3.0, "hi": 3.0, "bins": 50},
        REALS,
        SCORES,
        (({"hi": -4.0}, "lo must be below hi"), ({"bins": 0}, "bins must be an integer >= 1")),
    ),
}

# Components that are no function of a tensor, and where they are tested instead.
ELSEWHERE = {
    "GaussianSampling": "random: tests/ch15/test_gaussians.py",
    "VariationalAutoencoder": "random: tests/ch15/test_vae.py",
    "LinearVAE": "random: tests/ch15/test_ppca.py",
    "BayesianLogisticRegression": "no layer: tests/ch15/test_posteriors.py",
    "GaussianPosterior": "no layer: tests/ch15/test_posteriors.py",
    "GAN": "two players: tests/ch15/test_gan.py",
    "WassersteinGAN": "two players: tests/ch15/test_wgan.py",
    "SampleGrid": "needs a model: tests/ch15/test_callbacks.py",
    "ElmanCell": "a recurrent cell: tests/ch13/test_cells.py",
    "JordanCell": "a recurrent cell: tests/ch13/test_cells.py",
    "LSTMCell": "a recurrent cell: tests/ch13/test_cells.py",
    "GRUCell": "a recurrent cell: tests/ch13/test_cells.py",
    "Observer": "a recurrent cell: tests/ch13/test_observers.py",
    "LayerNormCell": "a recurrent cell: tests/ch13/test_normalization.py",
    "MultiHeadAttention": "several inputs: tests/ch13/test_multihead.py",
    "TransformerDecoder": "two inputs: tests/ch13/test_transformers.py",
    "EncoderDecoder": "two inputs: tests/ch13/test_seq2seq.py",
    "CausalLanguageModel": "takes tokens: tests/ch13/test_language.py",
    "TruncatedBPTT": "takes streams: tests/ch13/test_truncation.py",
    "GeneralizationGap": "needs data: tests/ch01/test_risk.py",
    "ErrorEnvelope": "needs data: tests/ch02/test_models.py",
    "ProximalSGD": "an optimizer: tests/ch09/test_optimizers.py",
    "ClipGradientNorm": "a function of gradients: tests/ch13/test_stability.py",
    "RobbinsMonro": "a learning rate schedule: tests/ch07/test_steps.py",
    "StepLoop": "a loop over data: tests/ch07/test_trainer.py",
    "RestoreBestWeights": "needs data: tests/ch11/test_callbacks.py",
    "BatchStatisticsMonitor": "needs data: tests/ch10/test_models.py",
    "VanishingGradientReport": "needs data: tests/ch08/test_callbacks.py",
    "GradientNorms": "needs data: tests/ch06/test_callbacks.py",
    "TerminateOnNonFinite": "needs data: tests/ch06/test_callbacks.py",
    "LinearModel": "a base class: tests/ch02/test_models.py",
    "BackpropModel": "a base class: tests/ch06/test_models.py",
    "StepModel": "a base class: tests/core/test_training.py",
    "FunctionalStepModel": "built from any graph: tests/core/test_training.py",
    "ManualGradientModel": "a base class: tests/core/test_training.py",
    "NamedOptimizers": "made by StepModel.compile: tests/core/test_training.py",
}


def make(name, /, **changes):
    """A component, with some arguments changed."""
    entry = ENTRIES[name]
    return (entry.make or SHELF[name])(**(dict(entry.arguments) | changes))


def batch(name, size=4, seed=0):
    """A batch of inputs."""
    x = np.random.default_rng(seed).standard_normal((size, *ENTRIES[name].shape))
    return x.astype("float32")
