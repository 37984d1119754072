"""Callbacks: `from mathdl_keras.callbacks import GeneralizationGap`."""

from mathdl_keras.chapters.ch01.callbacks import (
    GeneralizationGap,
)
from mathdl_keras.chapters.ch02.callbacks import (
    ErrorEnvelope,
)
from mathdl_keras.chapters.ch06.callbacks import (
    GradientNorms,
    TerminateOnNonFinite,
)
from mathdl_keras.chapters.ch08.callbacks import (
    VanishingGradientReport,
)
from mathdl_keras.chapters.ch10.callbacks import (
    BatchStatisticsMonitor,
)
from mathdl_keras.chapters.ch11.callbacks import (
    RestoreBestWeights,
)
from mathdl_keras.chapters.ch15.callbacks import (
    SampleGrid,
)
