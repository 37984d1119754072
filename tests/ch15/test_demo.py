"""Parts of chapter 15's demo: data whose modes are known, and pictures of each part."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch15 import demo, figures
from mathdl_keras.chapters.ch15.demo import adversarial, vae

rng = np.random.default_rng(0)


def test_modes_of_the_ring_are_a_circle_and_samples_lie_at_them():
    centres, x = adversarial.centres(), adversarial.ring_sample(np.random.default_rng(1), 4000)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), adversarial.RADIUS)
    distances = np.linalg.norm(x[:, None] - centres, axis=2).min(axis=1)
    # the distance to a mode is Rayleigh's: beyond 4 deviations with probability exp(-8)
    assert np.mean(distances > adversarial.NEAR) < 0.003
    np.testing.assert_allclose(np.mean(distances**2), 2 * adversarial.SPREAD**2, rtol=4 / np.sqrt(4000))


def test_distance_is_the_mean_shift_of_both_coordinates():
    x = rng.standard_normal((50, 2))
    assert adversarial.distance(x, x + [0.5, -0.25]) == pytest.approx(0.375, rel=1e-5)


def autoencoders():
    pictures = rng.uniform(size=(144, 8, 8))
    curve = {"elbo": [1.0, 2.0], "val_elbo": [0.5, 1.5]}
    return vae.AutoencoderResults(
        [],
        [],
        curves={2: curve, 8: curve},
        ppca={2: 1.0, 8: 1.2},
        codes=rng.standard_normal((20, 2)),
        labels=np.arange(20) % 10,
        manifold=pictures,
        originals=pictures[:10],
        reconstructions={2: pictures[:10], 8: pictures[10:20]},
        interpolations=[pictures[:9]] * 3,
        samples={2: pictures[:30], 8: pictures[:30]},
    )


def adversaries():
    points = rng.standard_normal((30, 2))
    curves = {"coverage": [0.5, 1.0], "distance": [0.5, 0.25], "critic_value": [1.0, 0.5]}
    pair = adversarial.TrainedPair(curves, {1: points, 2: points}, points, steps=10)
    return adversarial.AdversarialResults(
        [],
        [],
        ring={"WGAN, clipped": pair, "WGAN, penalty": pair},
        centres=adversarial.centres(),
        digits={"WGAN, penalty": pair},
        test=points,
        means=points[:10],
        chance=0.125,
    )


def images():
    curves = {"critic_value": [2.0, 1.0, 0.5]}
    return adversarial.ImageResults([], [], images=rng.uniform(size=(64, 28, 28)), curves=curves)


def test_each_part_draws_its_own_pictures():
    parts = {"digits": autoencoders(), "ring": adversaries(), "mnist5k": images()}
    drawn = figures.draw(demo.GenerativeResults([], [], parts=parts))
    assert list(drawn)[:5] == [f"vae_{name}" for name in
                               ("training", "latent", "reconstructions", "interpolations", "samples")]  # fmt: skip
    assert list(drawn)[5:] == ["ring_samples", "ring_curves", "digits_plane", "generated_images", "critic_value"]
    titles = [ax.get_title(loc="left") for ax in drawn["digits_plane"].axes]
    assert titles == ["test digits, W1 of halves 0.125", "WGAN, penalty, W1 0.250"]
    assert drawn["critic_value"].axes[0].lines[0].get_xdata().tolist() == [1, 2, 3]
    steps = [line.get_xdata().tolist() for line in drawn["ring_curves"].axes[2].lines]
    assert steps == [[10, 20], [10, 20]]


def test_a_part_alone_draws_its_pictures_only():
    drawn = figures.draw(demo.GenerativeResults([], [], parts={"mnist5k": images()}))
    assert list(drawn) == ["generated_images", "critic_value"]
