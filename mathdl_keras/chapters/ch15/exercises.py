"""Exercises of chapter 15. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops

from mathdl_keras.core.exercises import exercise, expect, expect_close


def array(answer, shape, what):
    """The answer as a float64 array, if it has the shape."""
    expect(answer is not None, f"it returned None: return {what}")
    answer = np.asarray(ops.convert_to_numpy(answer), "float64")
    expect(answer.shape == shape, f"shape {answer.shape}, expected {shape}: return {what}")
    expect(np.all(np.isfinite(answer)), "not all finite: subtract the largest logarithm before exp")
    return answer


def covariance(rng, d):
    """A random covariance with correlations."""
    A = rng.standard_normal((d, d))
    return A @ A.T / d + 0.3 * np.eye(d)


def known_divergence(m1, S1, m2, S2, nodes=6):
    """KL(N(m1, S1) || N(m2, S2)) by a product of quadratures, exact for the difference of two log densities."""
    t, w = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.stack(np.meshgrid(*[t] * len(m1)), axis=-1).reshape(-1, len(m1))
    weights = np.prod(np.stack(np.meshgrid(*[w / w.sum()] * len(m1)), axis=-1).reshape(-1, len(m1)), axis=1)
    x = m1 + grid @ np.linalg.cholesky(S1).T
    return float(weights @ (log_normal(x, m1, S1) - log_normal(x, m2, S2)))


def log_normal(x, m, S):
    residual = x - m
    logs = np.linalg.slogdet(2 * np.pi * S)[1]
    return -(np.sum(residual * np.linalg.solve(S, residual.T).T, axis=1) + logs) / 2


@exercise("15.2", "kl_gaussians_full(m1, S1, m2, S2) -> float")
def kl_gaussians_full(solution):
    r"""Give the divergence of one Gaussian from another, with full covariances.

    Return :math:`KL(N(m_1, S_1) \| N(m_2, S_2)) = E_1[\log N(x; m_1, S_1) - \log N(x; m_2, S_2)]` in closed form, a
    number; the means are arrays (d,), the covariances (d, d). It is what the evidence lower bound loses when the
    posterior is the second Gaussian and q the first.
    """
    rng = np.random.default_rng(151)
    for d in (1, 2, 3):
        m1, m2 = rng.standard_normal((2, d))
        S1, S2 = covariance(rng, d), covariance(rng, d)
        for pair in ((m1, S1, m2, S2), (m1, S1, m1, S1)):
            answer = array(solution(*(a.copy() for a in pair)), (), "a number")
            m, S, n, T = pair
            expected, other = known_divergence(m, S, n, T), known_divergence(n, T, m, S)
            logs = (np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1]) / 2
            mahalanobis = (n - m) @ np.linalg.solve(T, n - m) / 2
            hints = {
                "twice too large: there is a half before everything": 2 * expected,
                "that is the divergence of the second from the first": other,
                "the dimension is missing: KL of a Gaussian from itself is 0": expected + d / 2,
                "the logarithms of the determinants have the wrong sign": expected - 2 * logs,
                "the logarithms of the determinants are missing": expected - logs,
                "the distance of the means is missing": expected - mahalanobis,
            }
            close = [hint for hint, value in hints.items() if np.isclose(answer, value, rtol=1e-6, atol=1e-9)]
            expect_close(answer, np.float64(expected), f"d = {d}: {close[0] if close else 'it differs'}", 1e-8)


@exercise("15.4", "pearson_critic(p, q) -> (T, value)")
def pearson_critic(solution):
    r"""Play the adversarial game of Pearson's divergence.

    A divergence :math:`\sum_i q_i f(p_i/q_i)` with f convex and f(1) = 0 is the largest value of a game (Nowozin, Cseke
    and Tomioka 2016): over all critics T,

    .. math:: V(T) = \sum_i p_i T_i - \sum_i q_i f^*(T_i), \qquad f^*(t) = \sup_u\,(u t - f(u)) .

    Take :math:`f(u) = (u - 1)^2`. Derive :math:`f^*` and the best critic, and return it, (atoms,), with its value V, a
    number. The real weights p and the generated ones q are positive arrays with sum 1. The value is
    :math:`\sum_i (p_i - q_i)^2 / q_i`.
    """
    rng = np.random.default_rng(152)
    for atoms in (2, 6, 9):
        p, q = rng.dirichlet(np.full(atoms, 3.0), size=2)
        answer = solution(p, q)
        expect(isinstance(answer, tuple | list) and len(answer) == 2, "return the critic and its value, (T, value)")
        T = np.asarray(ops.convert_to_numpy(answer[0]), "float64")
        expect(T.shape == (atoms,), f"T must have one number for each of {atoms} atoms; received shape {T.shape}")
        expect(np.all(np.isfinite(T)), "T is not finite")
        best = 2 * (p / q - 1)
        expect_close(T, best, _hint(T, p, q, best), 1e-6 * max(1.0, np.abs(best).max()))
        divergence = np.sum((p - q) ** 2 / q)
        hint = f"T is right, but its value is {divergence:.6f}, with f*(t) = t + t^2/4"
        expect_close(answer[1], divergence, hint, 1e-6 * max(1.0, divergence))


def _hint(T, p, q, best):
    """What the critic is the answer to."""
    mistakes = {
        "p is real and q is generated: you have exchanged them": 2 * (q / p - 1),
        "that is the optimal discriminator; T may be any number": p / (p + q),
        "that is the ratio u = p/q; the critic is the slope of f there": p / q,
        "half of that is missing: the slope of (u - 1)^2 is 2(u - 1)": best / 2,
        "that is the critic of the Kullback-Leibler divergence": 1 + np.log(p / q),
        "that is f(u), not its slope": (p / q - 1) ** 2,
    }
    for hint, wrong in mistakes.items():
        if np.allclose(T, wrong, rtol=1e-6):
            return hint
    value, largest = (np.sum(p * t - q * (t + t * t / 4)) for t in (T, best))
    return f"your critic earns {value:.6f}, the best one {largest:.6f}: at each atom, set dV/dT_i to zero"


@exercise("15.2", "importance_weighted_bound(log_weights, K) -> bounds")
def importance_weighted_bound(solution):
    r"""Average the weights of K draws before the logarithm, not after.

    With :math:`\log w_i = \log p(x, z_i) - \log q(z_i)` of independent draws from q,

    .. math:: L_K = E \log\Bigl(\frac1K \sum_{i=1}^K w_i\Bigr)

    is the evidence lower bound for K = 1, never falls as K grows, and tends to :math:`\log p(x)` (Burda, Grosse and
    Salakhutdinov 2016). Given the log weights, (n,), take K at a time, in their order, and return one estimate of
    :math:`L_K` for each group, (n // K,). K divides n. Weights as small as e^-1000 must do no harm.
    """
    rng = np.random.default_rng(153)
    x, n = 1.7, 24_000
    # z ~ N(0, 1) and x | z ~ N(z, 1/2), so p(x) = N(0, 3/2); q = N(0.4, 1) is not the posterior
    z = 0.4 + rng.standard_normal(n)
    log_weights = -(z**2) / 2 - (x - z) ** 2 - np.log(np.pi) / 2 + (z - 0.4) ** 2 / 2
    evidence = -(x**2) / 3 - np.log(2 * np.pi * 1.5) / 2
    means, errors = [], []
    for K in (1, 2, 5, 20):
        found = array(solution(log_weights.copy(), K), (n // K,), "one bound for each group of K draws")
        groups = log_weights.reshape(-1, K)
        known = np.log(np.mean(np.exp(groups), axis=1))
        if K > 1:
            averaged = np.allclose(found, groups.mean(axis=1))
            expect(not averaged, "that averages the logarithms, which is the ELBO for every K: average the weights")
            expect(not np.allclose(found, known + np.log(K)), "divide the sum of the weights by K")
        expect_close(found, known, f"K = {K}: it is not the logarithm of the mean weight of K draws in a row", 1e-8)
        means.append(found.mean())
        errors.append(found.std(ddof=1) / np.sqrt(len(found)))
    for i in range(3):
        expect(means[i + 1] > means[i] - 4 * np.hypot(errors[i], errors[i + 1]), "the bound must not fall as K grows")
    expect(means[-1] < evidence + 4 * errors[-1], "the bound must stay below log p(x)")
    small = array(solution(log_weights - 1000.0, 5), (n // 5,), "one bound for each group of K draws")
    known = np.log(np.mean(np.exp(log_weights.reshape(-1, 5)), axis=1)) - 1000
    expect_close(small, known, "weights of e^-1000 must be as good as others: take out the largest", 1e-8)
