"""Exercises of chapter 6. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops

from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.exercises import exercise, expect, expect_close


def _array(value):
    return np.asarray(ops.convert_to_numpy(value), "float64")


@exercise("6.4", "activation_backward(name, dH, Z) -> dZ")
def activation_backward(solution):
    r"""Go back through an activation function.

    For `name` `"softplus"`, :math:`H = \log(1 + e^Z)`, and `"clip"`, H = Z clipped to [0, 1], return
    :math:`\partial\Lambda/\partial Z` from :math:`\partial\Lambda/\partial H`. Mind large |Z|.
    """
    rng = np.random.default_rng(64)
    Z, dH = 2 * rng.standard_normal((6, 5)), rng.standard_normal((6, 5))
    step = Z + 1e-30j
    slopes = {
        "softplus": np.log1p(np.exp(step)).imag / 1e-30,
        "clip": np.where((Z > 0) & (Z < 1), step, 0).imag / 1e-30,
    }
    for name, slope in slopes.items():
        answer = _array(solution(name, dH.copy(), Z.copy()))
        expect(answer.shape == Z.shape, f"{name}: return an array of shape {Z.shape}; received {answer.shape}")
        expect(not np.allclose(answer, slope), f"{name}: multiply the slope by dH")
        expect_close(answer, dH * slope, f"{name}: the complex step gives another slope", 1e-5)
    far = _array(solution("softplus", np.ones(2), np.array([-800.0, 800.0])))
    expect(np.all(np.isfinite(far)), "softplus: at Z = 800 your formula overflows; the slope is a logistic function")
    expect_close(far, [0.0, 1.0], "softplus: far from 0 the slope is 0 or 1", 1e-6)


@exercise("6.4", "skip_backward(dH, x, W) -> (dx, dW)")
def skip_backward(solution):
    r"""Go back through a layer with a skip connection.

    :math:`H = x + S(xW)`, S the logistic function, x `(batch, n)` and W `(n, n)`. Return
    :math:`\partial\Lambda/\partial x` and :math:`\partial\Lambda/\partial W`, without automatic differentiation.
    """
    rng = np.random.default_rng(65)
    x, W, dH = (rng.standard_normal(shape) for shape in ((4, 3), (3, 3), (4, 3)))
    answer = solution(dH.copy(), x.copy(), W.copy())
    expect(isinstance(answer, tuple | list) and len(answer) == 2, "return two arrays, (dx, dW)")
    x, W, dH = (ops.convert_to_tensor(a, "float32") for a in (x, W, dH))
    right = vjp(lambda p: p[0] + ops.sigmoid(ops.matmul(p[0], p[1])), [x, W])[1](dH)
    dx, dW = map(_array, answer)
    expect(
        dx.shape == (4, 3) and dW.shape == (3, 3), f"dx, dW must be shaped like x, W; received {dx.shape}, {dW.shape}"
    )
    without = _array(right[0]) - _array(dH)
    expect(not np.allclose(dx, without, atol=1e-5), "dx: x reaches H on two ways, and the skip connection is one")
    expect_close(dx, _array(right[0]), "dx differs from automatic differentiation", 1e-4)
    expect_close(dW, _array(right[1]), "dW differs from automatic differentiation", 1e-4)


@exercise("6.5", "optimal_fd_step(eps) -> h")
def optimal_fd_step(solution):
    r"""Choose the step of a central difference.

    Its error is about :math:`h^2 |f'''|/6` from the difference and :math:`\varepsilon |f|/h` from rounding, where
    :math:`\varepsilon` is the machine precision. Return a good h for functions whose derivatives are of size 1.
    """
    for dtype in ("float64", "float32"):
        eps = np.finfo(dtype).eps
        h = float(solution(float(eps)))
        expect(np.isfinite(h) and h > 0, f"return a positive number; received {h}")
        best = eps ** (1 / 3)
        expect(h > best / 5, f"{dtype}: h = {h:.1e} is too small: rounding divided by h is what you see")
        expect(h < 5 * best, f"{dtype}: h = {h:.1e} is too large: h^2 can still fall")
        grid = np.geomspace(best / 1e3, best * 1e3, 61)
        least = min(_error(h, dtype) for h in grid)
        expect(_error(h, dtype) < 25 * least, f"{dtype}: a step exists whose error is {least:.1e}")


def _error(h, dtype):
    """The root mean square error of central differences of exp, computed in a dtype."""
    x = np.linspace(0, 1, 101).astype(dtype)
    h = np.asarray(h, dtype)
    difference = (np.exp(x + h) - np.exp(x - h)) / (2 * h)
    return float(np.sqrt(np.mean((difference.astype("float64") - np.exp(x.astype("float64"))) ** 2)))
