# ---
# jupyter:
#   accelerator: GPU
#   colab:
#     gpuType: T4
#     provenance: []
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter 10. Batch normalization
#
# You will normalize a batch and differentiate that by hand; train six logistic layers that learn nothing without it;
# see what small batches do, and what has to happen before a single image can be classified; and solve three exercises
# that check themselves. Change a number and run its cell again: that is what a notebook is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import keras
import numpy as np
from keras import ops

from mathdl_keras import datasets
from mathdl_keras.callbacks import BatchStatisticsMonitor
from mathdl_keras.chapters.ch10.exercises import batchnorm_backward, bn_moment_bias, layer_norm
from mathdl_keras.claims import discover, verify
from mathdl_keras.layers import BatchNormalization
from mathdl_keras.models import BackpropMLP, BatchNormMLP
from mathdl_keras.networks import MovingMoments, fuse_batch_norm, recalibrate_batch_norm
from mathdl_keras.plots import curves, new

keras.utils.set_random_seed(10)
rng = np.random.default_rng(10)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 10.2 Batch normalization through an example
#
# For a batch $x_1, \dots, x_B$ of one channel, with its mean $\mu$ and its variance $v = \frac1B \sum_b (x_b - \mu)^2$,
#
# $$\hat x_b = \frac{x_b - \mu}{\sqrt{v + \varepsilon}}, \qquad y_b = \gamma\,\hat x_b + \beta.$$
#
# Every row moves $\mu$ and $v$, so every $y_c$ depends on every $x_b$. With $g_b = \partial\Lambda/\partial y_b$ and
# $s = \sqrt{v + \varepsilon}$ the chain rule gives
#
# $$\frac{\partial\Lambda}{\partial x_b} = \frac{\gamma}{s}\Big(g_b - \frac1B\sum_c g_c
# - \hat x_b\,\frac1B \sum_c g_c \hat x_c\Big), \qquad
# \frac{\partial\Lambda}{\partial\gamma} = \sum_b g_b \hat x_b, \qquad
# \frac{\partial\Lambda}{\partial\beta} = \sum_b g_b.$$
#
# `BatchNormalization` is Keras' layer of that name with these formulas as its derivative.

# %%
x = rng.normal(5, 2, (6, 1)).astype("float32")
g = rng.standard_normal((6, 1)).astype("float32")

layer = BatchNormalization()
y, cache = layer.forward_pass(x, training=True)
dx, (dgamma, dbeta) = layer.backward_pass(g, cache)
dx, dgamma, dbeta = (ops.convert_to_numpy(ops.stop_gradient(v)) for v in (dx, dgamma, dbeta))

h = 1e-2
difference = []
for b in range(6):
    step = h * np.eye(6, dtype="float32")[:, [b]]
    up, down = (ops.convert_to_numpy(ops.stop_gradient(layer(x + s, training=True))) for s in (step, -step))
    difference.append(np.sum(g * (up - down)) / (2 * h))
print("by the formula   ", dx[:, 0].round(3))
print("by differences   ", np.round(difference, 3))
print("sum of dx        ", f"{dx.sum():.1e}")

# %% [markdown]
# The sum is 0: adding a constant to all rows changes nothing. So a bias before a batch normalization has gradient 0 and
# is left out; $\beta$ is in its place. The same holds for the length of the weights: without $\varepsilon$, $w$ and
# $aw$ give one output, the gradient is orthogonal to $w$, and each step of descent makes $w$ longer. In this package
# such statements are *claims*: a prediction, a measurement, a tolerance, and mutants, with a mistake built in, that the
# tolerance must reject.

# %%
for claim in discover("ch10"):
    if claim.name in ("gradient_orthogonality", "scale_invariance"):
        print(claim.statement)
        for record in verify([claim], refute=True):
            print(f"  {record.mutant or 'the claim itself'}: {record.status.upper()}")
            for verdict in record.verdicts:
                v = verdict.shown()
                print(f"    {v['label']:45} predicted {v['predicted']:11} measured {v['measured']}")

# %% [markdown]
# Now six layers of 64 logistic units on handwritten digits. Chapter 8 has shown that without normalization their first
# layers get no gradient. `BatchNormMLP` normalizes before each activation; both networks have their backward pass
# written by hand, one learning rate and one number of epochs.

# %%
split = datasets.digits().split(seed=0)
x, x_test = (images.reshape(len(images), -1) for images in (split.x_train, split.x_test))
y, y_test = split.y_train, split.y_test

widths = (64, *[64] * 6, 10)
models = {
    "without": BackpropMLP(widths, "sigmoid"),
    "with batch normalization": BatchNormMLP(widths, "sigmoid", momentum=0.9),
}
losses = {}
for name, model in models.items():
    model.compile(keras.optimizers.SGD(0.5), metrics=["accuracy"])
    monitor = BatchStatisticsMonitor(x[:256]) if "with " in name else None
    history = model.fit(x, y, epochs=10, verbose=0, callbacks=[monitor] if monitor else [])
    losses[name] = history.history["loss"]
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"{name}: {accuracy:.3f} of the test digits are read correctly")

figure, ax = new(width=8, title="Six logistic layers")
curves(ax, losses, "cross entropy")
figure

# %% [markdown]
# ## 10.3 Batch normalization and minibatches
#
# In training the prediction for one image depends on the others in its batch, and on how many there are. Normal values,
# normalized in a batch of B, satisfy $|\hat x| \le \sqrt{B-1}$ and $E\,\hat x^4 = 3\,\frac{B-1}{B+1}$ instead of 3: in
# small batches there are no outliers.

# %%
for B in (4, 8, 32):
    batches = rng.standard_normal((B, 20_000)).astype("float32")  # each channel is a batch
    norm = BatchNormalization(epsilon=0.0)
    xhat = ops.convert_to_numpy(ops.stop_gradient(norm(batches, training=True)))
    print(f"B = {B:2}: fourth moment {np.mean(xhat**4):.3f}, predicted {3 * (B - 1) / (B + 1):.3f};", end=" ")
    print(f"largest {np.abs(xhat).max():.3f}, bound {np.sqrt(B - 1):.3f}")

# %% [markdown]
# With a batch of one row, $v = 0$ and $y = \beta$, whatever the row was: nothing is learned. So in inference moving
# averages stand for the moments of the batch,
#
# $$\bar\mu \leftarrow m\,\bar\mu + (1-m)\,\mu, \qquad \bar v \leftarrow m\,\bar v + (1-m)\,v .$$
#
# They start at 0 and 1, and after K batches a part $m^K$ of that is left, unless it is corrected for; and as the
# variance of a batch is biased, $\bar v$ tends to $\sigma^2 (B-1)/B$.

# %%
plain, corrected = MovingMoments(0.9), MovingMoments(0.9, bias_correction=True)
for k in range(1, 41):
    batch = rng.normal(4, 3, (8, 500)).astype("float32")
    for moments in (plain, corrected):
        moments.update(batch)
    if k in (1, 5, 40):
        means = [float(ops.mean(m.mean)) for m in (plain, corrected)]
        variances = [float(ops.mean(m.variance)) for m in (plain, corrected)]
        print(f"{k:2} batches: means {means[0]:.2f}, {means[1]:.2f}; variances {variances[0]:.2f}, {variances[1]:.2f}")
print(f"predicted in the end: 4 and 9 * 7/8 = {9 * 7 / 8}")

# %% [markdown]
# Did the moving moments keep up with the training above? `BatchStatisticsMonitor` compared them with a batch of 256
# after each epoch: the distance of the means in standard deviations, for each layer. `recalibrate_batch_norm` puts the
# moments of all training images in their place.

# %%
print("start  ", monitor.means[0].round(2))
print("trained", monitor.means[-1].round(2))

model = models["with batch normalization"]
recalibrate_batch_norm(model, x)
accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
print(f"recalibrated: {accuracy:.3f} of the test digits are read correctly")

# %% [markdown]
# In inference all moments are constants, and a batch normalization after a linear layer is part of it:
# $W' = W\gamma/s$ and $b' = \beta + (b - \bar\mu)\gamma/s$.

# %%
net = keras.Sequential(
    [keras.Input((64,)), keras.layers.Dense(32), BatchNormalization(), keras.layers.ReLU(), keras.layers.Dense(10)]
)
net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
net.fit(x, y, epochs=5, verbose=0)
folded = fuse_batch_norm(net)
difference = np.abs(folded.predict(x_test, verbose=0) - net.predict(x_test, verbose=0)).max()
print(f"{len(net.layers)} layers become {len(folded.layers)}; the logits differ by at most {difference:.1e}")

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
batchnorm_backward


# %%
def my_backward(g, x, gamma, epsilon):
    return None  # your code


print(batchnorm_backward.check(my_backward))

# %%
bn_moment_bias


# %%
def my_bias(B):
    return None  # your code


print(bn_moment_bias.check(my_bias))

# %%
layer_norm


# %%
def my_layer_norm(x, gamma, beta, epsilon):
    return None  # your code


print(layer_norm.check(my_layer_norm))
