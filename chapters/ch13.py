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
# # Chapter 13. Recurrent networks, attention and transformers
#
# You will watch a recurrent cell find Kalman's gain on its own; check backpropagation through time against the
# backend's differentiation, and see what is lost when it is truncated; measure how fast a network forgets; build
# attention and find out what it cannot see; let a small transformer write; and solve three exercises that check
# themselves. Change a number and run its cell again: that is what a notebook is for.

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
from mathdl_keras.autodiff import grad
from mathdl_keras.chapters.ch13.exercises import attention, bptt_scalar, rotary
from mathdl_keras.claims import discover, verify
from mathdl_keras.dynamics import (
    LinearPlant,
    kalman_error_covariance,
    kalman_gain,
    lyapunov_exponent,
    spectral_radius,
)
from mathdl_keras.layers import GRU, LSTM, MultiHeadSelfAttention, Observer, SimpleRNN, SinePositionEncoding
from mathdl_keras.models import CausalLanguageModel, ElmanBPTT, TruncatedBPTT
from mathdl_keras.ops import scaled_dot_product_attention
from mathdl_keras.plots import curves, heatmap, new
from mathdl_keras.sequence import is_permutation_equivariant, text_windows

keras.utils.set_random_seed(13)
rng = np.random.default_rng(13)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 13.2 The plant-observer paradigm
#
# A plant has a state that nobody sees, $x_{t+1} = Ax_t + w_t$, and an output $y_t = Cx_t + v_t$. An observer runs a
# copy and corrects it by what was measured, $\hat x_{t+1} = A\hat x_t + L(y_t - C\hat x_t)$: a recurrent cell, with a
# gain $L$ for a weight. Riccati's equation gives the gain whose error is least.
#
# The Nile's annual flow, as a level that wanders ($A = C = 1$). The variances are those of maximum likelihood.

# %%
plant = LinearPlant(A=[[1.0]], B=None, C=[[1.0]], Q=[[1469.2]], R=[[15098.5]])
L = kalman_gain(plant)[0, 0]
print(f"Kalman's gain {L:.4f}; standard deviation of its error {kalman_error_covariance(plant)[0, 0] ** 0.5:.1f}")

river = datasets.nile()
flow = river.values["flow"].astype("float32")
observer = keras.layers.RNN(Observer(plant, forecast=True), return_sequences=True)
forecast = ops.convert_to_numpy(ops.stop_gradient(observer((flow - flow[0])[None, :-1, None])))[0, :, 0] + flow[0]
print(
    f"one-step RMSE {np.sqrt(np.mean((forecast - flow[1:]) ** 2)):.1f}, of the last value {np.std(np.diff(flow)):.1f}"
)

figure, ax = new(width=8, title="The Nile at Aswan")
ax.plot(river.time, flow, ".", label="flow")
ax.plot(river.time[1:], forecast, label="observer's forecast")
ax.set(ylabel=river.units["flow"])
ax.legend()
figure

# %% [markdown]
# ## 13.4-13.5 Elman networks, and backpropagation through time
#
# $h_t = \tanh(W^\top x_t + U^\top h_{t-1} + b)$. A loss of the outputs reaches the weights through every step before:
#
# $$\delta_t = \tanh'(z_t) \odot D_t, \qquad D_{t-1} = \frac{\partial\Lambda}{\partial h_{t-1}} + U\delta_t, \qquad
# \frac{\partial\Lambda}{\partial U} = \sum_t h_{t-1}\,\delta_t^\top .$$
#
# `ElmanBPTT` has these formulas for its gradient.

# %%
x, y = rng.standard_normal((2, 4, 12, 3)).astype("float32")
model = ElmanBPTT(5, output_units=3)
model.build(x.shape)
loss, _, pairs = model.loss_and_gradients(ops.convert_to_tensor(x), ops.convert_to_tensor(y))
by_hand = ops.convert_to_numpy(ops.stop_gradient(pairs[1][0]))

U, h = model.cell.recurrent_kernel, 1e-2
start, moved = ops.convert_to_numpy(U), []
for sign in (1, -1):
    step = np.zeros((5, 5))
    step[0, 1] = sign * h
    U.assign(start + step)
    moved.append(float(ops.convert_to_numpy(ops.stop_gradient(model.loss_and_gradients(x, y)[0]))))
print(f"by hand {by_hand[0, 1]:.5f}, by differences {(moved[0] - moved[1]) / (2 * h):.5f}")

# %% [markdown]
# A stream of a million steps cannot be unrolled. `TruncatedBPTT` looks back `k2` steps every `k1`, carries the state
# on, and holds no more than `k2` steps in memory. The task: say the sum of the last two inputs of a stream of noise.

# %%
noise = rng.standard_normal((20_000, 1)).astype("float32")
target = noise + np.concatenate([np.zeros((1, 1), "float32"), noise[:-1]])
trainer = TruncatedBPTT(ElmanBPTT(8, output_units=1, activation="linear"), k1=10, k2=20)
trainer.compile(keras.optimizers.Adam(0.01))
trainer.fit(noise[:18_000], target[:18_000], verbose=0)
loss = trainer.evaluate(noise[18_000:], target[18_000:], verbose=0)
print(
    f"half the mean squared error on the rest of the stream: {loss:.5f}, of always saying 0: {np.var(target) / 2:.2f}"
)

# %% [markdown]
# What is lost? For a linear student $a$ of a linear teacher $b$ that sees white noise, the mean of the gradient that
# looks back K steps is $\sum_{k \le K} a^{k-1} \big(\frac{a^k}{1-a^2} - \frac{b^k}{1-ab}\big)$. In this package such
# statements are *claims*: a prediction, a measurement, a tolerance, and mutants, with a mistake built in, that the
# tolerance must reject.

# %%
for claim in discover("ch13"):
    if claim.name == "tbptt":
        print(claim.statement)
        for record in verify([claim], refute=True):
            print(f"  {record.mutant or 'the claim itself'}: {record.status.upper()}")
            for verdict in record.verdicts:
                v = verdict.shown()
                print(f"    {v['label']:25} predicted {v['predicted']:11} measured {v['measured']}")

# %% [markdown]
# ## 13.6 Stability
#
# A small change of the state has grown by $e^{\lambda T}$ after T steps: $\lambda$ is the Lyapunov exponent, in a
# linear network $\log\rho(U)$. Below 0 the network forgets, and gradients vanish as fast.

# %%
zeros = np.zeros((200, 1), "float32")
for scale in (0.8, 1.0, 1.2):
    U = scale * np.linalg.qr(rng.standard_normal((6, 6)))[0].astype("float32")
    exponents = {}
    for activation in ("linear", "tanh"):
        cell = keras.layers.SimpleRNNCell(6, activation=activation)
        cell.build((None, 1))
        cell.recurrent_kernel.assign(U)
        start = 0.5 * np.ones(6, "float32")
        exponents[activation] = float(ops.convert_to_numpy(ops.stop_gradient(lyapunov_exponent(cell, zeros, start))))
    rho = float(spectral_radius(U))
    print(f"log rho = {np.log(rho):+.3f}: linear {exponents['linear']:+.3f}, tanh {exponents['tanh']:+.3f}")

# %% [markdown]
# ## 13.7 Gates
#
# In an LSTM the state passes through a gate, not through a matrix: $c_t = f \odot c_{t-1} + i \odot g$. The gradient of
# the last output in each input, before any training, for three layers:

# %%
sequence = rng.standard_normal((16, 40, 4)).astype("float32")
norms = {}
for name, layer in {"Elman": SimpleRNN(32), "LSTM": LSTM(32), "GRU": GRU(32)}.items():
    slopes = ops.convert_to_numpy(grad(lambda x, layer=layer: ops.sum(layer(x)))(ops.convert_to_tensor(sequence)))
    norms[name] = np.sqrt((slopes**2).sum(axis=2)).mean(axis=0)

figure, ax = new(width=8, title="How far gradients reach back")
for name, norm in norms.items():
    ax.plot(np.arange(-39, 1), norm, label=name)
ax.set(yscale="log", xlabel="steps before the last", ylabel="norm of the gradient")
ax.legend()
figure

# %% [markdown]
# They read digits as 8 rows of 8 pixels, one after another. The layers are drop-ins for Keras' own, with the backward
# pass of the chapter.

# %%
split = datasets.digits().split(seed=0)
rows, rows_test = split.x_train[..., 0], split.x_test[..., 0]
history = {}
for name, layer in {"Elman": SimpleRNN(32), "LSTM": LSTM(32)}.items():
    net = keras.Sequential([keras.Input((8, 8)), layer, keras.layers.Dense(10)])
    net.compile(
        keras.optimizers.Adam(5e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    validation = (rows_test, split.y_test)
    history[name] = net.fit(rows, split.y_train, 64, epochs=8, validation_data=validation, verbose=0).history
    print(f"{name}: {history[name]['val_accuracy'][-1]:.3f} of the test digits are read correctly")

figure, ax = new(width=8, title="Digits, row by row")
curves(ax, {name: h["val_accuracy"] for name, h in history.items()}, "test accuracy")
figure

# %% [markdown]
# ## 13.9 Attention and transformers
#
# $$O = \mathrm{softmax}\Big(\frac{QK^\top}{\sqrt{d_k}}\Big)\,V$$
#
# A query asks, keys answer, and values are averaged with the weights of the answers. In self-attention all three come
# from one $X$. Why $\sqrt{d_k}$? The product of two vectors of $d_k$ standard normal entries has variance $d_k$; a
# softmax of such scores sees one key and has no gradient.

# %%
for d in (4, 64, 1024):
    q, k = rng.standard_normal((2, 200, 10, d)).astype("float32")
    _, weights = scaled_dot_product_attention(q, k, k, return_attention_scores=True)
    _, unscaled = scaled_dot_product_attention(q * d**0.5, k, k, return_attention_scores=True)
    largest = [float(ops.mean(ops.max(w, axis=-1))) for w in (weights, unscaled)]
    print(f"d = {d:4}: largest of 10 weights {largest[0]:.2f}, without the root {largest[1]:.2f}")

# %% [markdown]
# Self-attention treats tokens as a set: permute them, and the outputs are permuted (Definition 13.3). A position
# encoding tells it the order.

# %%
tokens = rng.standard_normal((1, 5, 8)).astype("float32")
layer = MultiHeadSelfAttention(2, 4)
encode = SinePositionEncoding(16, 8)
print("self-attention", is_permutation_equivariant(layer, tokens, tolerance=1e-5))
print("with positions", is_permutation_equivariant(lambda x: layer(encode(x)), tokens, tolerance=1e-5))

table = ops.convert_to_numpy(encode(np.zeros((1, 16, 8), "float32")))[0]
figure, ax = new(width=6, title="Inner products of positions depend on their distance alone")
heatmap(ax, table @ table.T)
figure

# %% [markdown]
# A causal transformer says which character comes next. It learns from *Alice's Adventures in Wonderland*, for a few
# seconds: `python -m mathdl_keras.chapters.ch13 --dataset alice` trains it for longer and compares it with n-grams.

# %%
text = datasets.alice().text
writer = CausalLanguageModel("".join(sorted(set(text))), sequence_length=64, dim=48, num_heads=3, num_layers=1)
x, y = text_windows(writer.vocabulary.encode(text), 64, stride=32)
writer.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
losses = writer.fit(x[:-400], y[:-400], 32, epochs=4, validation_data=(x[-400:], y[-400:]), verbose=0).history
print("bits a character:", np.round(np.array(losses["val_loss"]) / np.log(2), 2))
print(writer.generate("Alice was ", 50, temperature=0.7, top_p=0.9, seed=1))

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
bptt_scalar


# %%
def my_bptt(a, x):
    return None  # your code


print(bptt_scalar.check(my_bptt))

# %%
attention


# %%
def my_attention(Q, K, V, mask):
    return None  # your code


print(attention.check(my_attention))

# %%
rotary


# %%
def my_rotary(x, base):
    return None  # your code


print(rotary.check(my_rotary))
