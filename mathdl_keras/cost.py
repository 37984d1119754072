"""What a network costs, in operations and in memory: `from mathdl_keras.cost import network_cost`."""

from mathdl_keras.chapters.ch08.network_cost import (
    Memory,
    NetworkCost,
    activation_memory,
    count_flops,
    network_cost,
)
from mathdl_keras.chapters.ch08.profilers import (
    compiled_flops,
    measured_flops,
)
