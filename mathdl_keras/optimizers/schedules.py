"""Learning rate schedules: `from mathdl_keras.optimizers.schedules import RobbinsMonro`."""

from mathdl_keras.chapters.ch07.optimizers import (
    RobbinsMonro,
)
