"""Pure functions of tensors, each forward pass with its backward pass.

`from mathdl_keras.ops import conv2d_backward`
"""

from mathdl_keras.chapters.ch03.labels import (
    one_hot,
)
from mathdl_keras.chapters.ch05.layers import (
    clipping_function,
)
from mathdl_keras.chapters.ch09.regularizers import (
    soft_threshold,
)
from mathdl_keras.chapters.ch10.normalization import (
    batch_moments,
    batch_norm_backward,
    batch_norm_forward,
)
from mathdl_keras.chapters.ch13.attention.formulas import (
    attention_backward,
    attention_forward,
)
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import (
    scaled_dot_product_attention,
)
from mathdl_keras.chapters.ch13.recurrent.recurrence import (
    backward_scan,
    forward_scan,
)
from mathdl_keras.chapters.ch14.convolution import (
    conv2d_backward,
    conv2d_forward,
    im2col,
)
from mathdl_keras.chapters.ch14.geometry import (
    conv_output_size,
    receptive_field,
    toeplitz_matrix,
)
from mathdl_keras.chapters.ch14.pooling import (
    max_pool2d_backward,
    max_pool2d_forward,
)
from mathdl_keras.core.loops import (
    compiled,
    compiled_loop,
    scan,
)
