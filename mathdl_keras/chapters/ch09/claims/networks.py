"""Claims of §9.4 and §9.5: dropout inside a network."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch09.averaged_dropout import marginalized_dropout_loss
from mathdl_keras.chapters.ch09.claims.dropout import all_masks
from mathdl_keras.chapters.ch09.networks import DropoutMLP
from mathdl_keras.core.claims import claim, equals, mean_equals


def of_inverted_masks(p):
    return (1 - p) / p


def of_plain_masks(p):
    return p * (1 - p)


@claim(
    "9.4",
    "dropout of the last hidden layer adds (1 - p)/p sum_n c_n^2 h_n^2 to the expected squared loss",
    refuted_by={"p(1 - p)": {"variance": of_plain_masks}},
    precision="float64",
)
def nn_dropout_penalty(rng, *, inputs=3, hidden=10, keep=0.6, rows=4, variance=of_inverted_masks):
    x, y = rng.standard_normal((rows, inputs)), rng.standard_normal(rows)
    model = DropoutMLP((inputs, hidden, 1), [0.0, 1 - keep], "tanh", loss="mse")
    W, b, c, b2 = (rng.standard_normal(v.shape) for v in model.weights[:4])
    model.set_weights([W, b, c, b2, *model.get_weights()[4:]])
    masks, probability = all_masks(hidden, keep)
    drawn = [None, np.repeat(masks, rows, axis=0)]
    f = model.forward_pass(ops.convert_to_tensor(np.tile(x, (len(masks), 1))), training=True, masks=drawn)[0]
    losses = np.square(np.tile(y, len(masks)) - ops.convert_to_numpy(f)[:, 0])
    h = np.tanh(x @ W + b)
    expected = np.mean((y - h @ c[:, 0] - b2) ** 2) + variance(keep) * np.mean(h**2 @ c**2)
    formula = marginalized_dropout_loss(h, y - b2, c[:, 0], 1 - keep)
    # sums of 1024 x 4 squares of sums of 11 terms
    return [
        equals(
            ops.sum(losses * np.repeat(probability, rows)) / rows,
            expected,
            roundings=5000,
            scale=expected,
            label="all masks",
        ),
        equals(formula, expected, roundings=500, scale=expected, label="formula"),
    ]


def second_moments(x, A, c, keep_x, keep_h):
    """Of the output: masks of the inputs make h random, with correlations; masks of h act on that."""
    h = x @ A
    hh = np.outer(h, h) + (1 - keep_x) / keep_x * (A.T * x**2) @ A
    return c @ hh @ c + (1 - keep_h) / keep_h * np.sum(c**2 * np.diag(hh))


def sum_of_layers(x, A, c, keep_x, keep_h):
    """Each layer's masks by themselves."""
    h = x @ A
    first = (1 - keep_x) / keep_x * np.sum((x * (A @ c)) ** 2)
    return (h @ c) ** 2 + first + (1 - keep_h) / keep_h * np.sum((c * h) ** 2)


@claim(
    "9.5",
    "masks on two layers leave the mean of a linear network as it is; the second acts on the variance of the first",
    refuted_by={"sum of the layers' variances": {"predict": sum_of_layers}},
)
def multilayer_dropout_variance(rng, *, inputs=4, hidden=5, keep=(0.6, 0.5), draws=100_000, predict=second_moments):
    x, A, c = rng.standard_normal(inputs), rng.standard_normal((inputs, hidden)), rng.standard_normal(hidden)
    model = DropoutMLP((inputs, hidden, 1), [1 - p for p in keep], activation=None, loss="mse")
    model.set_weights([A, np.zeros(hidden), c[:, None], np.zeros(1), *model.get_weights()[4:]])
    masks = [(rng.random((draws, n)) < p).astype("float32") for n, p in zip((inputs, hidden), keep, strict=True)]
    rows = ops.convert_to_tensor(np.tile(x.astype("float32"), (draws, 1)))
    f = ops.convert_to_numpy(model.forward_pass(rows, training=True, masks=masks)[0])[:, 0].astype("float64")
    mean = x @ A @ c
    return [
        mean_equals(f, mean, label="mean"),
        mean_equals((f - mean) ** 2, predict(x, A, c, *keep) - mean**2, label="variance"),
    ]
