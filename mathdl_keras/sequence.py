"""Text and positions, and tokens drawn from logits: `from mathdl_keras.sequence import sample_token`."""

from mathdl_keras.chapters.ch13.attention.equivariance import (
    equivariance_error,
    is_permutation_equivariant,
)
from mathdl_keras.chapters.ch13.attention.positions import (
    sinusoidal_encoding,
)
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import (
    causal_mask,
)
from mathdl_keras.chapters.ch13.transformers.ngrams import (
    NGramModel,
)
from mathdl_keras.chapters.ch13.transformers.sampling import (
    sample_token,
    temperature_logits,
    top_k_logits,
    top_p_logits,
)
from mathdl_keras.chapters.ch13.transformers.text import (
    CharacterVocabulary,
    text_windows,
)
