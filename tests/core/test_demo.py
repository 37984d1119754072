"""Sessions: seeds, sizes, history, and going on after an interruption."""

import keras
import numpy as np
import pytest

from mathdl_keras.core.demo import Session

X = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
Y = X @ np.array([1.0, -2.0, 0.5], "float32")


def line():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def fit(session, epochs, **kwargs):
    return session.fit(line(), "line", X, Y, epochs=epochs, shuffle=False, **kwargs)["loss"]


def test_history_is_on_disk_after_every_epoch(tmp_path):
    session = Session("digits", tmp_path)
    loss = fit(session, 3, validation_data=(X, Y))
    assert len(loss) == 3 and set(session.curves("line")) == {"loss", "val_loss"}
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 1 + 3 * 2


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupted_training_resumes_where_it_was(tmp_path, monkeypatch):
    whole = fit(Session("digits", tmp_path / "whole"), 5)
    model = line()
    fit_ = model.fit
    monkeypatch.setattr(model, "fit", lambda *a, callbacks, **k: fit_(*a, callbacks=[*callbacks, Interrupt()], **k))
    with pytest.raises(KeyboardInterrupt):
        Session("digits", tmp_path / "cut").fit(model, "line", X, Y, epochs=5, shuffle=False)
    assert len(Session("digits", tmp_path / "cut", resume=True).curves("line")["loss"]) == 2
    resumed = fit(Session("digits", tmp_path / "cut", resume=True), 5)
    np.testing.assert_allclose(resumed, whole, rtol=1e-6)


def test_without_resume_a_run_starts_anew(tmp_path):
    first = fit(Session("digits", tmp_path), 2)
    assert fit(Session("digits", tmp_path), 2) == first


def test_a_finished_training_is_not_repeated_on_resume(tmp_path):
    first = fit(Session("digits", tmp_path), 2)
    session = Session("digits", tmp_path, resume=True)
    assert fit(session, 2) == first
    session.finish()
    assert not session.backup.exists()


def test_streams_of_randomness_are_separate_and_seeded(tmp_path):
    session, again = Session("digits", tmp_path), Session("digits", tmp_path)
    a, b = session.rng().random(4), session.rng(1).random(4)
    assert np.all(a == again.rng().random(4)) and not np.any(a == b)
    assert Session("digits", tmp_path, quick=True).choose(1, 2) == 1 and session.choose(1, 2) == 2


def test_data_that_are_not_finite_are_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match="x must be finite; received 40 of 120"):
        Session("digits", tmp_path).fit(line(), "line", X * np.array([1, np.nan, 1]), Y, epochs=1)
    assert not (tmp_path / "history.csv").exists()


def test_track_passes_every_item_on(tmp_path):
    assert list(Session("digits", tmp_path).track([3, 1, 2], "counting")) == [3, 1, 2]
