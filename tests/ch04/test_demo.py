"""Parts of chapter 4's demo: what it trains on, and what its figures are given."""

import numpy as np

from mathdl_keras.chapters.ch04.demo import choose_kernels, ordered_gram, parity, rows, support, train
from mathdl_keras.chapters.ch04.perceptron import PerceptronFit
from mathdl_keras.core.datasets import Split, digits
from mathdl_keras.kernels import LinearKernel, RBFKernel

WHOLE = digits().split(seed=0)
SMALL = Split(WHOLE.x_train[:200], WHOLE.y_train[:200], WHOLE.x_test[:50], WHOLE.y_test[:50])


def test_even_digits_are_plus_one():
    assert parity(np.arange(10)).tolist() == [1, -1] * 5


def test_the_length_scale_is_half_the_median_distance():
    x = rows(SMALL.x_train)
    distances = [np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i]]
    np.testing.assert_allclose(choose_kernels(x)["RBF"].lengthscale, np.median(distances) / 2, rtol=1e-9)


def test_training_counts_what_it_got_wrong():
    result = train(RBFKernel(1.5), SMALL)
    assert result["fit"].converged
    assert 0.7 < result["accuracy"] <= 1.0  # chance is 0.5, with a standard error of 0.07


def test_support_are_the_images_mistaken_most_often():
    c = np.zeros(200)
    c[[5, 17, 3]] = [2.0, -7.0, 1.0]
    shown = support(PerceptronFit(c, []), SMALL, shown=3)
    assert shown.alpha.tolist() == [7, 2, 1] and shown.digits.tolist() == SMALL.y_train[[17, 5, 3]].tolist()
    np.testing.assert_array_equal(shown.images, SMALL.x_train[[17, 5, 3]])


def test_gram_matrices_are_normalized_and_even_digits_come_first():
    view = ordered_gram({"linear": LinearKernel()}, SMALL, each=3)
    x = rows(SMALL.x_train)
    first, last = x[SMALL.y_train == 0][0], x[SMALL.y_train == 9][2]
    K = view.matrices["linear"]
    assert K.shape == (30, 30) and view.each == 3
    np.testing.assert_allclose(np.diag(K), 1, rtol=1e-5)
    cosine = first @ last / np.linalg.norm(first) / np.linalg.norm(last)
    np.testing.assert_allclose(K[0, 29], cosine, rtol=1e-5)
