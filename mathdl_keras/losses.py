"""Losses: `from mathdl_keras.losses import ...`. The chapters that teach them come later."""

__all__: list[str] = []
