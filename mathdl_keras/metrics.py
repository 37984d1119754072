"""Metrics: `from mathdl_keras.metrics import ...`. The chapters that teach them come later."""

__all__: list[str] = []
