"""Truth tables, threshold functions and the networks that compute them.

`from mathdl_keras.logic import truth_table`
"""

from mathdl_keras.chapters.ch05.boolean import (
    boolean_inputs,
    parity_network,
    truth_table,
    truth_table_network,
)
from mathdl_keras.chapters.ch05.thresholds import (
    is_threshold_function,
    threshold_functions,
    threshold_weights,
)
