"""The demo of chapter 1 at three widths: before, at and beyond the interpolation threshold."""

from mathdl_keras.chapters.ch01 import demo, figures
from mathdl_keras.core.demo import Session


def test_double_descent_on_digits_is_the_predicted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "QUICK_WIDTHS", (50, 300, 1200))
    results = demo.run(Session("digits", tmp_path, quick=True))
    before, peak, beyond = results.sweeps["fourier"].test
    assert peak > 10 * before > 10 * beyond
    assert all(metric.reached for metric in results.metrics if metric.target and "relu" not in metric.name)
    assert set(figures.draw(results)) == {"double_descent", "accuracy"}
