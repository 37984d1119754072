"""Callbacks: `from mathdl_keras.callbacks import ...`. The chapters that teach them come later."""

__all__: list[str] = []
