"""Parts of chapter 14's demo: where a patch is found, how filters are compared, and the pictures."""

import numpy as np

from mathdl_keras.chapters.ch14 import demo, figures
from mathdl_keras.core.datasets import china

PIXELS = china().pixels[::4, ::4]


def test_a_patch_is_found_where_it_was_cut():
    found, metrics = demo.find_patch(PIXELS, np.random.default_rng(0), draws=2, place=(10, 20), size=12, noise=0.0)
    assert found.found == (10, 20)
    np.testing.assert_allclose(found.pearson[10, 20], 1, atol=1e-4)  # contrast and brightness do not matter
    assert found.pearson.shape == found.raw.shape == tuple(n - 11 for n in PIXELS.shape)
    assert [metric.value for metric in metrics][2] == 1.0  # right in all draws


def test_alignment_is_the_mean_of_cosines():
    means = np.random.default_rng(0).uniform(size=(3, 4, 4))
    centred = means - means.mean(axis=0)
    signs = np.array([1, 1, -1])[:, None, None]
    np.testing.assert_allclose(demo._alignment(demo.Filters(2 * centred, means, "abc")), 1)
    np.testing.assert_allclose(demo._alignment(demo.Filters(signs * centred, means, "abc")), 1 / 3)


def test_figures_draw_what_they_are_given():
    images = np.random.default_rng(0).uniform(size=(2, 4, 4))
    results = demo.ConvolutionResults(
        [],
        [],
        detection=demo.Detection(images[0], images[1], images[0], images[1], (1, 2), (3, 0)),
        filters=demo.Filters(images - images.mean(axis=0), images, ("one", "two")),
        curves={"network": {"loss": [2.0, 1.0], "accuracy": [0.5, 0.9]}, "single channel": {"accuracy": [0.1, 0.2]}},
    )
    drawn = figures.draw(results)
    assert list(drawn) == ["detection", "filters", "training"]
    assert [ax.get_title() or ax.get_title(loc="left") for ax in drawn["filters"].axes[:2]] == ["one", "two"]
    assert "peak at (1, 2)" in drawn["detection"].axes[2].get_title(loc="left")
    assert [len(ax.lines) for ax in drawn["training"].axes] == [1, 1]  # accuracies, no losses
