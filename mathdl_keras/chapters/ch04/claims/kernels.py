"""Claims of §4.3 to §4.5: eigenvalues of kernels, regression with them, and random layers that approach them."""

import numpy as np
from keras import ops
from sklearn.kernel_ridge import KernelRidge as PeerRidge

from mathdl_keras.chapters.ch01.layers import RandomFeatures
from mathdl_keras.chapters.ch04.arc_cosine import ArcCosineKernel
from mathdl_keras.chapters.ch04.kernels import BrownianKernel, LaplaceKernel, PolynomialKernel, RBFKernel
from mathdl_keras.chapters.ch04.layers import RandomFourierFeatures
from mathdl_keras.chapters.ch04.machines import KernelRidge
from mathdl_keras.chapters.ch04.spectrum import is_psd, mercer_spectrum
from mathdl_keras.core.claims import claim, close_to, equals, exactly, mean_equals
from mathdl_keras.core.linalg import matmul, transpose


def logistic_twin(X, Z):
    """tanh(<x, z> - 1), which is no kernel: k(0, 0) < 0."""
    return 2 * ops.sigmoid(2 * matmul(X, transpose(Z)) - 2) - 1


def minus_distance(X, Z):
    """-|x - z|^2, which is no kernel: its diagonal is zero, and nothing else."""
    squares = [ops.sum(W * W, axis=1) for W in (X, Z)]
    return 2 * matmul(X, transpose(Z)) - squares[0][:, None] - squares[1][None, :]


KERNELS = (RBFKernel(1.0), LaplaceKernel(1.0), PolynomialKernel(3))


def negative_part(K):
    """By how much the smallest eigenvalue is below zero, relative to the largest; as a tensor."""
    values = ops.eigh(K)[0]
    return ops.relu(-values[0]) / values[-1]


@claim(
    "4.3",
    "Gram matrices of the Gaussian, Laplace and polynomial kernels have no eigenvalue below -n eps lambda_max",
    refuted_by={"tanh": {"kernels": (logistic_twin,)}, "minus squared distance": {"kernels": (minus_distance,)}},
    precision="float64",
)
def gram_psd(rng, *, n=40, kernels=KERNELS):
    x = ops.convert_to_tensor(rng.standard_normal((n, 3)))
    below = ops.stack([negative_part(kernel(x, x)) for kernel in kernels])
    controls = [is_psd(kernel(x, x)) for kernel in (*KERNELS, logistic_twin, minus_distance)]
    return (
        equals(below, 0.0, roundings=2 * n, label="negative eigenvalue / largest"),  # n eps = 2n roundings
        exactly(controls, [True] * 3 + [False] * 2, label="is_psd, with two that are not"),
    )


def brownian_eigenvalues(n, size):
    """Of min(i, j) / n: its inverse is the second difference, with a free end."""
    return 1 / (4 * n * np.sin((2 * np.arange(1, n + 1) - 1) * np.pi / (2 * size)) ** 2)


@claim(
    "4.3",
    "min(i, j)/n has the eigenvalues 1/(4n sin^2((2k-1) pi/(4n+2))); over n they tend to 1/((k-1/2)^2 pi^2)",
    refuted_by={"2n instead of 2n+1": {"size": lambda n: 2 * n}},
    precision="float64",
)
def mercer_brownian(rng, *, n=200, size=lambda n: 2 * n + 1):
    t = ops.convert_to_tensor(np.arange(1, n + 1)[:, None] / n)
    values = ops.flip(ops.eigh(BrownianKernel()(t, t))[0])
    k = np.arange(1, 5)
    expected = brownian_eigenvalues(n, size(n))
    # eigh is right to some roundings of the largest eigenvalue, 65,000 times the smallest one: 1e-11 of that, each
    return (
        close_to(values, expected, relative=1e-10, label="eigenvalues"),
        # (1 + 1/2n)^2 (a / sin a)^2 - 1 with a = (2k-1) pi / (4n+2): 1/n to first order, and a^2/3 < 1/n for these k
        close_to(values[:4] / n, 1 / ((k - 0.5) ** 2 * np.pi**2), relative=2 / n, label="eigenvalues / n"),
    )


def gaussian_spectrum(count):
    """The eigenvalues of exp(-(x-z)^2 / 2) in N(0, 1) (Zhu et al., 1998)."""
    a, b = 1 / 4, 1 / 2
    A = a + b + np.sqrt(a * a + 2 * a * b)
    return np.sqrt(2 * a / A) * (b / A) ** np.arange(count)


@claim(
    "4.3",
    "the Gaussian kernel has eigenvalues sqrt(2a/A) (b/A)^k in N(0, 1); those of a sample's Gram matrix / n approach",
    refuted_by={"e^(-d^2 / l^2)": {"lengthscale": np.sqrt(0.5)}},
    precision="float64",
)
def mercer_rbf(rng, *, n=400, draws=30, count=8, lengthscale=1.0):
    kernel = RBFKernel(lengthscale)
    exact = gaussian_spectrum(count)
    by_quadrature = mercer_spectrum(kernel, "normal", n_quad=60).values[:count]
    x = rng.standard_normal((draws, n, 1))
    sample = np.array([ops.convert_to_numpy(ops.eigh(kernel(x_d, x_d))[0])[:-5:-1] / n for x_d in x])
    error = sample.std(axis=0, ddof=1) / np.sqrt(draws)
    return (
        # 60 nodes integrate these functions to rounding; eigh is right to some n roundings of the largest eigenvalue
        equals(by_quadrature, exact, roundings=9000, label="by quadrature"),
        # 4 SE, and 2/n for the bias, which is of second order in the fluctuations 1/sqrt(n)
        mean_equals(sample, exact[:4], standard_error=error + 0.5 / n, label="of samples"),
    )


def quadratic_features(x):
    """The features of (1 + <x, z>)^2."""
    d = x.shape[1]
    pairs = [np.sqrt(2.0) * x[:, i] * x[:, j] for i in range(d) for j in range(i)]
    return np.column_stack([np.ones(len(x)), np.sqrt(2.0) * x, x**2, *pairs])


@claim(
    "4.4",
    "ridge regression on the features is that with the kernel: Phi (Phi'Phi + lI)^-1 Phi'y = K (K + lI)^-1 y",
    refuted_by={"M lambda": {"shift": lambda ridge, m: m * ridge}},
    precision="float64",
)
def kernel_ridge_duality(rng, *, m=50, ridge=0.1, shift=lambda ridge, m: ridge):
    x = rng.uniform(-1, 1, (m, 3))
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.standard_normal(m)
    model = KernelRidge(PolynomialKernel(2), shift(ridge, m) / m)
    model.fit_closed_form(x, y)
    new = rng.uniform(-1, 1, (m, 3))
    fitted, predicted = (model(ops.convert_to_tensor(v))[:, 0] for v in (x, new))
    phi = quadratic_features(x)
    theta = np.linalg.solve(phi.T @ phi + ridge * np.eye(phi.shape[1]), phi.T @ y)
    peer = PeerRidge(alpha=ridge, kernel="poly", degree=2, gamma=1, coef0=1).fit(x, y)
    # the relative error of the solution of a system is up to its condition number times its size in roundings
    roundings = m * np.linalg.cond(phi @ phi.T + ridge * np.eye(m))
    return (
        equals(fitted, phi @ theta, roundings=roundings, label="on the sample"),
        equals(predicted, quadratic_features(new) @ theta, roundings=roundings, label="on new points"),
        equals(predicted, peer.predict(new), roundings=roundings, label="on new points, scikit-learn"),
    )


def relu_kernel(x, z):
    """E relu(<w, x>) relu(<w, z>) for standard normal w."""
    norms = np.linalg.norm(x) * np.linalg.norm(z)
    theta = np.arccos(x @ z / norms)
    return norms / (2 * np.pi) * (np.sin(theta) + (np.pi - theta) * np.cos(theta))


def without_root_two(units, seed):
    """Fourier features without their factor."""
    layer = RandomFourierFeatures(units, seed=seed)
    return lambda x: layer(x) / np.sqrt(2).item()


@claim(
    "4.5",
    "wide random layers: E s(w.x) s(w.z) is the arc-cosine kernel for ReLU, E 2cos(.)cos(.) the Gaussian kernel",
    refuted_by={
        "He factor 2": {"relu": lambda units, seed: RandomFeatures(units, scale=np.sqrt(2).item(), seed=seed)},
        "no sqrt(2)": {"fourier": without_root_two},
    },
)
def random_features(rng, *, units=200_000, relu=RandomFeatures, fourier=RandomFourierFeatures):
    # two points at a given angle and distance, so that the mutants differ whatever the seed
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    x, z = turn @ [1.0, 0.0, 0.0], turn @ [0.75, 0.8, 0.0]
    seed = int(rng.integers(2**31))
    by_relu, by_fourier = (products(layer(units, seed=seed), x, z, units) for layer in (relu, fourier))
    k = np.exp(-np.sum((x - z) ** 2) / 2)
    second = 0.5 * (1 + np.exp(-2 * np.sum((x - z) ** 2))) + 0.5  # E (2 cos cos)^2
    arc_cosine = ArcCosineKernel(1)(x[None], z[None])[0, 0]
    return (
        mean_equals(by_relu, relu_kernel(x, z), label="ReLU"),
        mean_equals(by_fourier, k, standard_error=np.sqrt((second - k * k) / units), label="Fourier"),
        mean_equals(by_fourier**2, second, label="Fourier, second moment"),
        equals(arc_cosine, relu_kernel(x, z), roundings=20, label="ArcCosineKernel(1)"),
    )


def products(layer, x, z, units):
    """The products of both points' features, one a unit, whose mean is the layer's inner product."""
    phi = ops.convert_to_numpy(layer(np.stack([x, z]).astype("float32"))).astype("float64")
    return units * phi[0] * phi[1]
