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
# # Chapter 4. From the perceptron model to kernels to neural networks
#
# You will train the oldest learning machine there is, know beforehand how often it can be wrong, watch it fail on four
# points, and rescue it without touching its rule: by another inner product. The same change turns linear regression
# into regression with any function space, and a network of random neurons turns out to be where it leads. At the end
# three exercises check themselves. Change a number and run its cell again: that is what a notebook is for.

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
from mathdl_keras.chapters.ch04.exercises import arc_cosine_0, is_mercer, kernel_perceptron_step
from mathdl_keras.claims import discover, verify
from mathdl_keras.kernels import (
    ArcCosineKernel,
    BrownianKernel,
    LinearKernel,
    PolynomialKernel,
    RBFKernel,
    is_psd,
    mercer_spectrum,
)
from mathdl_keras.layers import RandomFourierFeatures
from mathdl_keras.losses import Hinge, LogisticLoss, PerceptronLoss, ZeroOneLoss
from mathdl_keras.models import KernelPerceptron, KernelRidge, MinimumNormRegressor, Perceptron
from mathdl_keras.plots import curves, heatmap, new, show_images

keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 4.2 The perceptron, and stochastic gradient descent
#
# Points $x_m \in \mathbb R^d$ carry labels $y_m = \pm 1$. The perceptron predicts the sign of $f(x) = \langle w, x
# \rangle$, goes through the sample in order, and learns only from its mistakes:
#
# $$y_m f(x_m) \le 0 \quad\Longrightarrow\quad w \leftarrow w + y_m x_m .$$
#
# If some unit vector separates the classes with margin $\gamma$, and no point is longer than $R$, there are at most
# $(R/\gamma)^2$ mistakes, however large the sample and in whatever order it comes (Novikoff).

# %%
normal = np.array([0.8, 0.6])
x = rng.uniform(-1, 1, (400, 2))
x = x[np.abs(x @ normal) > 0.02]  # a margin of 0.02
y = np.sign(x @ normal)

model = Perceptron(use_bias=False)
fit = model.fit_online(x, y)
bound = np.max(np.sum(x**2, axis=1)) / np.min(np.abs(x @ normal)) ** 2
print(
    f"{len(x)} points; mistakes in each epoch {fit.counts}, {sum(fit.counts)} in all; at most {bound:.0f} are possible"
)

figure, axes = new(width=6, height=4.2, title="The perceptron's line, and its mistakes")
for label, color in ((1, "#0072B2"), (-1, "#D55E00")):
    axes.scatter(*x[y == label].T, s=12, color=color, label=f"y = {label:+d}")
axes.scatter(*x[fit.order].T, s=90, facecolors="none", edgecolors="black", label="was mistaken")
line = np.array([-1.0, 1.0])
axes.plot(line, -line * fit.weights[0] / fit.weights[1], color="black", linewidth=1.2)
axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# What kind of rule is this? Write the loss of one example as a function of its *margin* $y f(x)$. The perceptron's step
# is a step of stochastic gradient descent on $\max(0, -y f)$, with learning rate 1 and one example at a time. So Keras
# can take it, and takes the same steps. The losses beside it have other wishes: the zero-one loss counts mistakes and
# has no slope; the hinge wants a margin of 1; the logistic loss of chapter 3 is never quite satisfied.

# %%
by_keras = Perceptron(use_bias=False)
by_keras.compile(keras.optimizers.SGD(1.0), PerceptronLoss())
by_keras.fit(x, y, batch_size=1, shuffle=False, epochs=len(fit.counts), verbose=0)
w = ops.convert_to_numpy(by_keras.kernel.value)[:, 0]
print("the perceptron:", fit.weights.round(4), "  SGD in Keras:", w.round(4))

margins = np.linspace(-2, 3, 301)[:, None]
figure, axes = new(width=7, title="Losses of the margin")
for loss in (ZeroOneLoss, PerceptronLoss, Hinge, LogisticLoss):
    values = loss(reduction="none")(np.ones_like(margins), margins)
    axes.plot(margins[:, 0], ops.convert_to_numpy(values), label=loss.__name__)
axes.set(xlabel="margin", ylabel="loss")
axes.legend()
figure

# %% [markdown]
# Novikoff's bound cannot be improved, and the book's claim that the two algorithms are one is exact. In this package
# such a statement is a *claim*: an experiment with a prediction, a measurement, and a tolerance. An experiment says
# something only if it can fail, so each claim has *mutants*, with a mistake built in.

# %%
claims = [claim for claim in discover("ch04") if claim.section == "4.2"]
for record in verify(claims, refute=True):
    who = record.mutant or record.statement
    print(f"{record.status.upper():8} {'    with ' + who if record.mutant else who}")

# %% [markdown]
# ## 4.3 The perceptron through the lens of a kernel
#
# No line separates the four points of XOR, and the perceptron runs in a circle: four mistakes in each epoch, and back
# to $w = 0$. But look at what it needs. Its weights are $w = \sum_i c_i x_i$ with $c_i \leftarrow c_i + y_i$ at each
# mistake, so that
#
# $$f(x) = \sum_i c_i \langle x_i, x\rangle ,$$
#
# and the points enter by their inner products only. Replace these by $k(x, z) = \langle\varphi(x), \varphi(z)\rangle$,
# and the perceptron works in the space of the features $\varphi$, which are never written down.

# %%
corners, xor = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([-1, 1, 1, -1])
print("linear:   ", Perceptron().fit_online(corners, xor, epochs=12).counts)
machine = KernelPerceptron(PolynomialKernel(2))
print("quadratic:", machine.fit_online(corners, xor).counts)

grid = np.linspace(-0.5, 1.5, 80)
plane = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
f = machine.predict(plane, batch_size=len(plane), verbose=0).reshape(80, 80)
figure, axes = new(width=6, height=4, title="XOR with the kernel (1 + <x, z>)^2")
axes.contourf(grid, grid, np.sign(f), levels=[-2, 0, 2], colors=["#F7D9C4", "#CCE3F0"])
axes.scatter(*corners[xor == 1].T, s=80, color="#0072B2", label="y = +1")
axes.scatter(*corners[xor == -1].T, s=80, color="#D55E00", label="y = -1")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# Now something real: is a handwritten digit even or odd? Each kernel has its own idea of which digits are alike.

# %%
split = datasets.digits().split(seed=0)
train, test = (images.reshape(len(images), -1).astype("float64") for images in (split.x_train, split.x_test))
even, even_test = 1 - 2 * (split.y_train % 2), 1 - 2 * (split.y_test % 2)

kernels = {"linear": LinearKernel(), "cubic": PolynomialKernel(3), "Gaussian": RBFKernel(1.5)}
machines = {name: KernelPerceptron(kernel) for name, kernel in kernels.items()}
fits = {name: machine.fit_online(train, even, epochs=30) for name, machine in machines.items()}
for name, machine in machines.items():
    f = machine.predict(test, batch_size=len(test), verbose=0)[:, 0]
    mistakes = sum(fits[name].counts)
    print(f"{name:9} {mistakes:5} mistakes in training, {np.mean(np.sign(f) == even_test):.3f} right on test digits")

figure, axes = new(width=8, title="Mistakes in each epoch")
curves(axes, {name: fit.counts for name, fit in fits.items()}, "mistakes")
axes.set_yscale("symlog", linthresh=1)
figure

# %% [markdown]
# A kernel perceptron is made of its mistakes. These images were mistaken most often: the coefficients know which
# digits are hard.

# %%
alpha = np.abs(fits["cubic"].weights).astype(int)
hardest = np.argsort(-alpha, kind="stable")[:10]
figure, axes = new(1, 10, width=12, height=1.9)
show_images(axes, split.x_train[hardest], [f"{split.y_train[i]}: {alpha[i]} times" for i in hardest])
figure

# %% [markdown]
# ### Which functions are kernels?
#
# Not each similarity is an inner product of something. Mercer's condition: no Gram matrix $K_{ij} = k(x_i, x_j)$ has a
# negative eigenvalue. If it holds, $k(x, z) = \sum_k \lambda_k \varphi_k(x) \varphi_k(z)$ with orthonormal $\varphi_k$:
# the features, in order of importance. For $\min(s, t)$, the covariance of Brownian motion, they are sines; for the
# Gaussian kernel under a normal law the $\lambda_k$ fall geometrically, here by the golden ratio squared.

# %%
points, times = rng.standard_normal((40, 3)), rng.uniform(0, 1, (40, 1))
print("min(s, t): ", is_psd(BrownianKernel()(times, times)))
print("Gaussian:  ", is_psd(RBFKernel(1.0)(points, points)))
print("tanh:      ", is_psd(np.tanh(points @ points.T - 1)))

brownian = mercer_spectrum(BrownianKernel(), "uniform", n_quad=100)
gaussian = mercer_spectrum(RBFKernel(1.0), "normal", n_quad=60)
print("Gaussian, ratio of eigenvalues:", (gaussian.values[1:4] / gaussian.values[:3]).round(6))

figure, (left, right) = new(1, 2, width=10, title="Mercer's theorem")
left.semilogy(range(1, 13), gaussian.values[:12], "o-", label="Gaussian, N(0, 1)")
left.semilogy(range(1, 13), brownian.values[:12], "s-", label="min(s, t), uniform on [0, 1]")
left.set(xlabel="k", ylabel="eigenvalue")
left.legend()
right.plot(brownian.nodes[:, 0], brownian.functions[:, :3], label=["k = 1", "k = 2", "k = 3"])
right.set(xlabel="t", title="eigenfunctions of min(s, t)")
right.legend()
figure

# %% [markdown]
# ## 4.4 Linear regression and kernels
#
# Ridge regression on features $\Phi$ predicts $\Phi(\Phi^\top\Phi + \lambda I)^{-1}\Phi^\top y$, which is
# $K(K + \lambda I)^{-1} y$ with $K = \Phi\Phi^\top$. The right-hand side asks for the kernel only. So there is a
# regression for each kernel: $f(x) = \sum_i c_i\,k(x_i, x)$ with $c = (K + \lambda I)^{-1} y$. Its kernel decides what
# it can see. The code's `l2` is $\lambda/M$, the penalty beside a mean square. Move it between 1e-8 and 0.1.

# %%
l2 = 0.00125
t = np.sort(rng.uniform(-1, 1, 40))[:, None]
noisy = np.sin(4 * t) + t + 0.15 * rng.standard_normal(t.shape)
fine = np.linspace(-1.2, 1.2, 300)[:, None]

figure, axes = new(width=9, title="Regression with three kernels")
axes.scatter(t, noisy, s=14, color="#999999", label="data")
for name, kernel in {"affine": PolynomialKernel(1), "cubic": PolynomialKernel(3), "Gaussian": RBFKernel(0.3)}.items():
    regression = KernelRidge(kernel, l2)
    regression.fit_closed_form(t, noisy)
    axes.plot(fine, regression.predict(fine, batch_size=300, verbose=0), label=name)
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# ## 4.5 From kernels to neural networks
#
# A layer of $N$ random neurons is a feature map: $\varphi(x)_j = \sigma(\langle w_j, x\rangle)/\sqrt N$. As $N$ grows,
# the inner product of two feature vectors tends to its mean, a kernel:
#
# $$\langle\varphi(x), \varphi(z)\rangle \longrightarrow E\,\sigma(\langle w, x\rangle)\,\sigma(\langle w, z\rangle) ,$$
#
# the arc-cosine kernel for ReLUs, and the Gaussian kernel for cosines with random phases. The error falls as
# $1/\sqrt N$. That is a bridge in both directions: wide random networks are kernel machines, and kernels can be
# approximated by finite networks, whose regression costs $O(MN^2)$ instead of $O(M^3)$.

# %%
some = train[:200]
exact = ops.convert_to_numpy(RBFKernel(1.5)(some, some))
widths, errors = [30, 100, 300, 1000, 3000, 10000], []
for units in widths:
    phi = ops.convert_to_numpy(RandomFourierFeatures(units, lengthscale=1.5, seed=1)(some))
    errors.append(np.sqrt(np.mean((phi @ phi.T - exact) ** 2)))
order = np.argsort(split.y_train[:200] % 2, kind="stable")
relu = ops.convert_to_numpy(ArcCosineKernel(1)(some, some))

figure, (left, middle, right) = new(1, 3, width=12, height=3.4)
left.loglog(widths, errors, "o-", label="measured")
left.loglog(widths, errors[0] * np.sqrt(widths[0] / np.array(widths)), "--", label="slope -1/2")
left.set(xlabel="units", title="error of random features")
left.legend()
heatmap(middle, exact[np.ix_(order, order)], title="Gaussian kernel")
heatmap(right, relu[np.ix_(order, order)], title="infinitely wide ReLU layer")
figure

# %% [markdown]
# The exact machine and its random approximation, on the digits: the same question, answered by regression on $\pm 1$.
# Chapter 1's `MinimumNormRegressor` goes through its sample in blocks, so 100,000 rows are no problem for it; the
# exact machine would need a matrix of 80 GB.

# %%
exact_machine = KernelRidge(RBFKernel(1.5), l2=0.1 / len(train))
exact_machine.fit_closed_form(train, even)
print(f"exact kernel:        {np.mean(np.sign(exact_machine.predict(test, verbose=0)[:, 0]) == even_test):.3f}")
for units in (100, 300, 1000):
    features = RandomFourierFeatures(units, lengthscale=1.5, seed=1)
    network = MinimumNormRegressor(features=features, l2=0.1 / len(train))
    network.fit_closed_form(train, even)
    print(f"{units:5} random units:  {np.mean(np.sign(network.predict(test, verbose=0)[:, 0]) == even_test):.3f}")

# %% [markdown]
# What the random layer lacks is learning: its features are there before any data. The next chapters let them move.
#
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
kernel_perceptron_step


# %%
def my_step(alpha, y, K, i):
    return None  # your code


print(kernel_perceptron_step.check(my_step))

# %%
is_mercer


# %%
def my_is_mercer(k, points):
    return None  # your code


print(is_mercer.check(my_is_mercer))

# %%
arc_cosine_0


# %%
def my_arc_cosine_0(x, z):
    return None  # your code


print(arc_cosine_0.check(my_arc_cosine_0))
