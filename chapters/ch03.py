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
# %% [markdown]
# # Chapter 3. Logistic regression
#
# You will compute a loss that most programs get wrong in its tails; fit a model of tumours and say how sure you are of
# its weights; see why raw units make gradient descent slow, and how to get back to them; meet data that are too good,
# for which no weights are best; read digits with ten weight images; and solve three exercises that check themselves.
# Change a number and run its cell again: that is what a notebook is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import warnings

import keras
import numpy as np
from keras import ops

from mathdl_keras import datasets
from mathdl_keras.chapters.ch03.exercises import separability_certificate, stable_bce, unscale
from mathdl_keras.claims import discover, verify
from mathdl_keras.descent import logistic_descent
from mathdl_keras.layers import Normalization
from mathdl_keras.linear_model import is_separable, transition_point, transition_width
from mathdl_keras.losses import BinaryCrossentropy
from mathdl_keras.metrics import ROCAUC, CalibrationCurve, ConfusionMatrix, LogLoss
from mathdl_keras.models import LogisticRegression, SoftmaxRegression
from mathdl_keras.plots import new, show_images

keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 3.2 Formalization of the problem
#
# A label is 0 or 1, and the model gives the probability of 1 as $S(z)$, with the *logit* $z = w^\top x + b$ and
#
# $$S(z) = \frac{1}{1 + e^{-z}} .$$
#
# The loss is minus the logarithm of the probability of the label that came: $-\log S(z)$ for $y = 1$. It should grow
# without bound where the model is sure and wrong, and vanish where it is sure and right. Computed from a probability it
# does neither: $S(40)$ is rounded to 1, and clipping the probability caps the loss at 16. Computed from the logit,
#
# $$\ell = \max(z, 0) - yz + \log(1 + e^{-|z|}), \qquad \frac{d\ell}{dz} = S(z) - y,$$
#
# it is right everywhere.

# %%
z = np.array([[-100.0], [-30.0], [0.0], [15.0], [30.0]], "float32")
y = np.ones_like(z)
exact = np.logaddexp(0, -z.astype("float64"))[:, 0]
ours = BinaryCrossentropy(from_logits=True, reduction=None)(y, z)
clipped = keras.losses.BinaryCrossentropy(reduction=None)(y, ops.sigmoid(z))

print("    logit        loss  from logits    from p, clipped")
for row in zip(z[:, 0], exact, ops.convert_to_numpy(ours), ops.convert_to_numpy(clipped), strict=True):
    print("{:9.0f}  {:10.3g}  {:11.3g}  {:17.3g}".format(*row))

# %% [markdown]
# Three measurements of 569 tumours, and the question whether a tumour is benign. The mean loss is convex, and Newton's
# method (each step is a weighted least squares problem) finds its minimum; `fit` would find it too, more slowly.
# Statistics comes with it: the curvature of the loss is the *Fisher information*
#
# $$I(w) = X^\top \mathrm{diag}(p(1-p))\, X ,$$
#
# and for many rows $\hat w$ is nearly normal with covariance $I(w)^{-1}$.

# %%
tumours = datasets.breast_cancer()
columns = [0, 1, 4]
x_raw, y = tumours.x[:, columns], tumours.y
scale = Normalization()
scale.adapt(x_raw)
x = ops.convert_to_numpy(scale(x_raw))

model = LogisticRegression()
found = model.fit_closed_form(x, y)
print(f"{found.steps} Newton steps, the gradient is {found.gradient_norm:.0e}, accuracy {model.score(x, y):.3f}")
names = [*(tumours.feature_names[k] for k in columns), "intercept"]
for name, w, (low, high) in zip(names, found.weights, model.wald_interval(x, level=0.95), strict=True):
    print(f"{name:16} {w:6.2f}   95 % interval {low:6.2f} to {high:6.2f}")

# %% [markdown]
# Do such intervals cover the truth in 95 % of all samples? In this package a statement like this is a *claim*: an
# experiment with a prediction, a measurement, and a tolerance that comes from theory. Here 2,000 samples are drawn and
# fitted. An experiment says something only if it can fail, so each claim has *mutants*, with a mistake built in: here
# an information without the factor $1 - p$.

# %%
claim = next(claim for claim in discover("ch03") if claim.name == "asymptotic_normality")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:20} predicted {v['predicted']:6} measured {v['measured']:9} tolerance {v['tolerance']}")

# %% [markdown]
# ## 3.3 Metric
#
# Accuracy is one number. The *confusion matrix* says which mistakes are made; the *area under the ROC curve* is the
# probability that a benign tumour scores above a malignant one; the *log loss* and the *calibration curve* ask whether
# probabilities mean what they say. All of them gather over batches, as metrics of Keras.

# %%
metrics = [ConfusionMatrix(), ROCAUC(capacity=len(y)), LogLoss(), CalibrationCurve(bins=5)]
model.compile(loss=BinaryCrossentropy(), metrics=metrics)
logs = model.evaluate(x, y, batch_size=100, verbose=0, return_dict=True)
print(f"area under the curve {logs['auc']:.4f}, log loss {logs['log_loss']:.4f}")
print("rows: what it is; columns: what it was taken for (malignant, benign)")
print(ops.convert_to_numpy(logs["confusion_matrix"]).astype(int))
print("mean probability, frequency, number:")
print(ops.convert_to_numpy(logs["calibration_curve"]).round(2))

# %% [markdown]
# ## 3.4 Transitions and scaling
#
# In one feature $S(wx + b)$ is 1/2 at $x = -b/w$, and goes from 10 % to 90 % over $2\log 9/|w|$: a large weight is a
# sharp transition, in the units of $x$.

# %%
radius = LogisticRegression()
w, b = radius.fit_closed_form(x_raw[:, :1], y).weights
point, width = (float(v) for v in (transition_point(w, b), transition_width(w)))
print(f"w = {w:.3f}: undecided at a mean radius of {point:.2f}, from 10 % to 90 % within {width:.2f}")

grid = np.linspace(5, 28, 300)
figure, ax = new(width=8, title="The probability that a tumour is benign, from its radius")
ax.plot(x_raw[:, 0], y + rng.uniform(-0.02, 0.02, len(y)), "|", color="#999999", label="tumours")
ax.plot(grid, radius.predict(grid[:, None], verbose=0)[:, 0], label="S(wx + b)")
ax.axvspan(point - width / 2, point + width / 2, color="#D55E00", alpha=0.15, label="from 90 % to 10 %")
ax.set(xlabel="mean radius", ylabel="probability")
ax.legend(loc="center right")
figure

# %% [markdown]
# ## 3.5 Normalization
#
# Gradient descent cannot take steps larger than the largest curvature allows, and then creeps where the curvature is
# small: what counts is their ratio, the condition number of the Hessian. Raw features, in units that differ by
# thousands, make it huge; features in units of their standard deviation tame it. Nothing else changes: with
# $z_j = (x_j - \mu_j)/s_j$ the same probabilities come from $w_j/s_j$ and $b - \sum_j w_j \mu_j/s_j$.

# %%
designs = {"raw": x_raw, "standardised": x}
for units, features in designs.items():
    same = LogisticRegression()
    same.fit_closed_form(features, y)
    print(f"{units:13} condition number {np.linalg.cond(same.fisher_information(features)):.1e}")

w_raw, b_raw = scale.unscale(model.kernel, model.bias)
z, z_raw = (x @ ops.convert_to_numpy(model.kernel) + ops.convert_to_numpy(model.bias)), x_raw @ w_raw + b_raw
print(f"the logits differ by at most {np.abs(z - z_raw).max():.0e} (float32)")

figure, ax = new(width=8, title="Gradient descent, each with the largest safe step")
times = np.unique(np.geomspace(1, 3000, 25).astype(int))
for units, features in designs.items():
    X, w, done, losses = np.column_stack([features, np.ones(len(y))]).astype("float32"), None, 0, []
    for t in times:
        w, done = logistic_descent(X, y, steps=int(t - done), start=w), t
        logits = X @ ops.convert_to_numpy(w)
        losses.append(np.mean(np.logaddexp(0, logits) - y * logits))
    ax.plot(times, losses, label=units)
ax.set(xscale="log", xlabel="step", ylabel="mean loss")
ax.legend()
figure

# %% [markdown]
# ## 3.6 Perfect data and penalization
#
# With all 30 measurements a hyperplane separates the tumours without a mistake. That sounds like success. But then
# twice the weights are better than the weights, for ever: the loss has no minimum. The package says so, and stops.

# %%
everything = (tumours.x - tumours.x.mean(axis=0)) / tumours.x.std(axis=0)
print("separable with 3 features:", is_separable(x, y), "- with 30:", is_separable(everything, y))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    free = LogisticRegression()
    free.fit_closed_form(everything, y)
print(f"{caught[-1].category.__name__}: {caught[-1].message}")

# %% [markdown]
# A penalty $\lambda |w|^2$ gives the loss a minimum again. With $\lambda |w|_1$ many weights are exactly zero.

# %%
print("penalty   lambda   norm of w   weights that are not 0   accuracy")
for penalty in ("l2", "l1"):
    for lam in (1e-3, 1e-2, 1e-1):
        penalised = LogisticRegression(**{penalty: lam})
        w = penalised.fit_closed_form(everything, y).weights[:-1]
        score = penalised.score(everything, y)
        print(f"{penalty:7}  {lam:7}  {np.linalg.norm(w):10.2f}  {np.sum(w != 0):23d}  {score:9.3f}")

# %% [markdown]
# ## 3.7 Multiclass prediction
#
# For K classes each has its own weights, and $P(y = k \mid x) = S_{\mathrm{softmax}}(Wx + b)_k$ with
#
# $$S_{\mathrm{softmax}}(z)_k = \frac{e^{z_k}}{\sum_l e^{z_l}} .$$
#
# Adding the same number to all logits changes nothing, and for two classes this is $S(z_1 - z_0)$ again. For images the
# weights of a class are an image: white where ink speaks for the digit, black where it speaks against.

# %%
split = datasets.digits().split(seed=0)
flat, flat_test = (images.reshape(len(images), -1) for images in (split.x_train, split.x_test))
digits = SoftmaxRegression(10, l2=5e-4)
found = digits.fit_closed_form(flat, split.y_train)
print(f"Newton: {found.steps} steps, {digits.score(flat_test, split.y_test):.3f} of the test digits are read correctly")

trained = SoftmaxRegression(10, l2=5e-4)
trained.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
trained.fit(flat, split.y_train, epochs=20, batch_size=64, verbose=0)
print(f"fit:    20 epochs, {trained.score(flat_test, split.y_test):.3f}")

weights = ops.convert_to_numpy(digits.kernel).T.reshape(10, 8, 8)
figure, axes = new(1, 10, width=12, height=1.8)
show_images(axes, list(weights), [str(k) for k in range(10)], limits=(-np.abs(weights).max(), np.abs(weights).max()))
figure

# %% [markdown]
# ## 3.9 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
stable_bce


# %%
def my_bce(z, y):
    return None  # your code


print(stable_bce.check(my_bce))

# %%
unscale


# %%
def my_unscale(w, b, mu, s):
    return None  # your code


print(unscale.check(my_unscale))

# %%
separability_certificate


# %%
def my_certificate(X, y):
    return None  # your code


print(separability_certificate.check(my_certificate))
