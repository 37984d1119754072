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
# # Chapter 14. Convolution neural networks
#
# You will find a signal that noise has buried, and know beforehand how often that succeeds; find a patch in a faded,
# noisy photograph; let gradient descent discover the filter that you would have chosen; train convolution networks by
# gradients that are the book's formulas; and solve three exercises that check themselves. Change a number and run its
# cell again: that is what a notebook is for.

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
from mathdl_keras.autodiff import value_and_grad
from mathdl_keras.chapters.ch14.exercises import conv_backward, dilated_output_size, filter_for_coloured_noise
from mathdl_keras.claims import discover, verify
from mathdl_keras.layers import Conv2D, MatchedFilter1D, PearsonCorrelation2D, SignalDetector
from mathdl_keras.models import MultiChannelCNN, SingleChannelCNN
from mathdl_keras.ops import conv_output_size, receptive_field
from mathdl_keras.plots import curves, heatmap, new, show_images
from mathdl_keras.signal import sliding_correlation

keras.utils.set_random_seed(14)
rng = np.random.default_rng(14)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 14.2 Detection of a known signal
#
# A signal $s \in \mathbb R^n$ may be hidden in white noise of standard deviation $\sigma$. Slide it along what you
# received, and at each time $t$ take the inner product with the window that begins there:
#
# $$y_t = \frac{\langle s,\, x_{t..t+n-1}\rangle}{\lVert s\rVert} .$$
#
# Where there is only noise, $y_t \sim N(0, \sigma^2)$; where the signal begins, the mean is $\lVert s\rVert$.

# %%
n, length, place = 64, 400, 230
time = np.arange(n)
chirp = np.sin(0.01 * time**2) * np.hanning(n)
s = 5.5 * chirp / np.linalg.norm(chirp)  # |s| = 5.5

x = rng.standard_normal(length)
x[place : place + n] += s
y = ops.convert_to_numpy(MatchedFilter1D(s)(x.reshape(1, length, 1)))[0, :, 0]

figure, (above, below) = new(2, 1, width=9, height=4.5, title="A signal in noise, and the matched filter")
above.plot(x, color="#999999", linewidth=0.8, label="received")
above.plot(range(place, place + n), s, label="the signal in it")
below.plot(y, label="matched filter")
below.axvline(place, color="#D55E00", linestyle="--", label="where the signal begins")
for axes in (above, below):
    axes.set_xlim(0, length)
    axes.legend(loc="upper left", ncols=2)
figure

# %% [markdown]
# How often will this succeed? Raise an alarm where $y_t$ exceeds what noise alone exceeds with probability $P_{FA}$.
# With $Q(u) = P(N(0,1) > u)$ the signal is then detected with probability
#
# $$P_D = Q\!\left(Q^{-1}(P_{FA}) - \lVert s\rVert/\sigma\right),$$
#
# and no other filter does better. In this package such a statement is a *claim*: an experiment with a prediction, a
# measurement, and a tolerance that comes from theory, here four standard errors. An experiment says something only if
# it can fail, so each claim has *mutants*, with a mistake built in. Here the template is turned around.

# %%
claim = next(claim for claim in discover("ch14") if claim.name == "matched_filter")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:14} predicted {v['predicted']:9} measured {v['measured']:9} tolerance {v['tolerance']}")

# %% [markdown]
# ### The same idea in a photograph
#
# A camera shows $aX + b$, with a gain $a > 0$ and an offset that nobody knows. Pearson's correlation removes both: it
# centres each window and divides by its norm. The raw inner product is largest where the picture is bright.
#
# $$r_t = \frac{\langle s - \bar s,\; x_t - \bar x_t\rangle}{\lVert s - \bar s\rVert\,\lVert x_t - \bar x_t\rVert}
# \in [-1, 1] .$$
#
# Raise `noise` to 0.1, and about one draw in eight deceives even Pearson: 27 rows above there is a near twin.

# %%
noise = 0.05
photo = datasets.china(half=False).pixels[::2, ::2]
row, column, size = 70, 150, 24
patch = photo[row : row + size, column : column + size]
seen = 0.6 * photo + 0.15 + noise * rng.standard_normal(photo.shape)
seen = seen[None, :, :, None].astype("float32")  # (batch, height, width, channels)

pearson = PearsonCorrelation2D(patch)
detector = SignalDetector(pearson, threshold=0.5)
r, raw = (ops.convert_to_numpy(y)[0, ..., 0] for y in (pearson(seen), sliding_correlation(seen, patch)))
found = tuple(int(i) for i in ops.convert_to_numpy(detector.locate(seen))[0])
by_raw = tuple(int(i) for i in np.unravel_index(raw.argmax(), raw.shape))
print(f"cut out at {(row, column)}; Pearson says {found} with r = {r.max():.3f}, the inner product {by_raw}")

figure, axes = new(2, 2, title="Where is the patch?")
show_images(axes[0, 0], [seen[0]], ["what the camera saw"])
show_images(axes[0, 1], [patch], ["the patch"])
heatmap(axes[1, 0], r, found, "Pearson's correlation")
heatmap(axes[1, 1], raw, by_raw, "inner product")
figure

# %% [markdown]
# ## 14.3 Detection of an unknown signal
#
# If nobody tells you $s$, learn it. Give each class of handwritten digits a filter $w_k$ of the size of the image, so
# that the logits are $U_k = \langle w_k, X\rangle + b_k$. From $w = 0$ the first step of descent, on $M$ images, is
#
# $$-\eta\,\frac{\partial\Lambda}{\partial w_k} = \frac{\eta}{M} \sum_m \left(1[y_m = k] - \tfrac1{10}\right) X_m
# \;\approx\; \frac{\eta}{10}\left(\bar X_k - \bar X\right):$$
#
# the mean image of the class, centred. This is the matched filter, found by descent. Training then turns away from it,
# towards what *distinguishes* the digits.

# %%
split = datasets.digits().split(seed=0)
means = np.stack([split.x_train[split.y_train == k].mean(axis=0)[..., 0] for k in range(10)])
means -= means.mean(axis=0)

kernels = Conv2D(10, 8, kernel_initializer="zeros")  # as large as the image: one output a filter
linear = keras.Sequential([keras.Input((8, 8, 1)), kernels, keras.layers.Flatten()])
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def learned(optimizer, **settings):
    """The ten filters after training, what they have in common removed: softmax does not see it."""
    linear.compile(optimizer, cross_entropy)
    linear.fit(split.x_train, split.y_train, verbose=0, **settings)
    w = np.moveaxis(ops.convert_to_numpy(kernels.kernel)[:, :, 0], -1, 0)  # (class, height, width)
    return w - w.mean(axis=0)


def cosine(a, b):
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


first = learned(keras.optimizers.SGD(1.0), batch_size=len(split.x_train))
later = learned(keras.optimizers.Adam(0.01), batch_size=64, epochs=10)
print(f"cosine with the mean images: {cosine(first, means):.4f} after one step, {cosine(later, means):.4f} at the end")

figure, axes = new(3, 10, width=12, height=4.4, title="Mean images; filters after one step; filters at the end")
for line, pictures in zip(axes, (means, first, later), strict=True):
    show_images(line, pictures)
figure

# %% [markdown]
# ## 14.4 Auxiliary thoughts
#
# A kernel of size $k$ that moves in steps of $s$ over $n$ pixels, with $p$ zeros added on both sides, fits
#
# $$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# times, and through several layers one output sees $1 + \sum_l (k_l - 1) \prod_{i<l} s_i$ pixels. Convolution does the
# same thing everywhere: shift the image, and the output shifts with it. The kernel here finds vertical edges.

# %%
for k, s, p in [(3, 1, 0), (3, 1, 1), (5, 2, 2)]:
    print(f"kernel {k}, stride {s}, padding {p}: 28 pixels become {conv_output_size(28, k, s, p)}")
print("two layers with kernels of 3 and strides of 2 see", receptive_field([(3, 2), (3, 2)]), "pixels")

digit = np.pad(split.x_train[:1], ((0, 0), (2, 6), (2, 6), (0, 0)))
shifted = np.roll(digit, (4, 4), axis=(1, 2))
edges = Conv2D(1, 3, use_bias=False)
edges.build(digit.shape)
edges.kernel.assign(np.tile([-1.0, 0.0, 1.0], (3, 1)).reshape(3, 3, 1, 1))
z, z_shifted = (ops.convert_to_numpy(edges(image)) for image in (digit, shifted))
print("shifting, then convolving = convolving, then shifting:", np.allclose(z_shifted, np.roll(z, (4, 4), axis=(1, 2))))

figure, axes = new(1, 4, width=11, height=2.8)
show_images(axes[:2], [digit[0], shifted[0]], ["image", "shifted"])
show_images(axes[2:], [z[0], z_shifted[0]], ["its edges", "edges of the shifted image"])
figure

# %% [markdown]
# ## 14.5 Gradients by hand: a single channel
#
# With the image $X$, the kernel $K$ and an activation $\sigma$ the network is
#
# $$Z = X \star K + b_0, \qquad H = \sigma(Z), \qquad U_k = \langle C_k, H\rangle + b_k, \qquad
# \rho = -\log \mathrm{softmax}(U)_y .$$
#
# Back: $\partial\rho/\partial U = \mathrm{softmax}(U) - e_y$, and with $\delta = \sum_k C_k\,\partial\rho/\partial U_k$
#
# $$\frac{\partial\rho}{\partial C_k} = H\,\frac{\partial\rho}{\partial U_k}, \qquad
# \frac{\partial\rho}{\partial K} = X \star \left(\sigma'(Z) \odot \delta\right).$$
#
# The derivative of a convolution is a convolution. `SingleChannelCNN` trains by these lines; automatic differentiation
# is only asked whether they are right.

# %%
single = SingleChannelCNN(10, kernel_size=3)
images, labels = split.x_train[:64], split.y_train[:64]
single(images)  # the first call makes the weights

_, _, pairs = single.loss_and_gradients(images, labels)
by_hand, variables = zip(*pairs, strict=True)
_, automatic = value_and_grad(lambda: cross_entropy(labels, single(images)), list(variables))

print("variable  shape            |by hand - automatic|")
for name, hand, auto in zip(("C", "b", "K", "b_0"), by_hand, automatic, strict=True):
    print(f"{name:8}  {tuple(hand.shape)!s:15}  {float(ops.max(ops.abs(hand - auto))):.1e}")

# %% [markdown]
# ## 14.6 Several channels
#
# With many kernels each layer sums over the channels before it, and $\delta$ travels further back by
# $\partial\rho/\partial X = (\sigma'(Z) \odot \delta) * K$, the full correlation with the flipped kernel. That is all
# there is to add. Both networks now learn to read digits; dashed lines are digits they have not seen.


# %%
def train(model, epochs=12):
    """Trains by the hand-written gradients; returns the accuracy after each epoch."""
    metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile(keras.optimizers.Adam(5e-3), metrics=[metric])
    settings = {"epochs": epochs, "batch_size": 64, "validation_data": (split.x_test, split.y_test), "verbose": 0}
    history = model.fit(split.x_train, split.y_train, **settings).history
    return {name: history[name] for name in ("accuracy", "val_accuracy")}


several = MultiChannelCNN(10, filters=(32,), kernel_size=3, pool_size=2)
histories = {"one channel": train(single), "32 channels, max pooling": train(several)}

figure, axes = new(1, 2, width=11, title="Accuracy, trained by hand-written gradients")
for ax, (name, history) in zip(axes, histories.items(), strict=True):
    curves(ax, history, name)
    ax.set_ylim(0, 1)
    print(f"{name}: {history['val_accuracy'][-1]:.3f} of the test digits are read correctly")
figure

# %% [markdown]
# Do not believe a percentage before you have looked at the mistakes. Would you have read these?

# %%
guesses = several.predict(split.x_test, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(guesses != split.y_test)[:8]
figure, axes = new(1, 8, width=11, height=2)
show_images(axes, split.x_test[wrong], [f"{split.y_test[i]} read as {guesses[i]}" for i in wrong], limits=(0, 1))
figure

# %% [markdown]
# ## 14.8 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
conv_backward


# %%
def my_conv_backward(delta, x, kernel):
    return None  # your code


print(conv_backward.check(my_conv_backward))

# %%
filter_for_coloured_noise


# %%
def my_filter(s, Sigma):
    return None  # your code


print(filter_for_coloured_noise.check(my_filter))

# %%
dilated_output_size


# %%
def my_output_size(n, k, s, p, d):
    return None  # your code


print(dilated_output_size.check(my_output_size))
