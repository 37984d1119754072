r"""Characters by their frequencies: the interpolated n-gram model, a baseline for language models (§13.9).

The probability of a character after a context h of m characters mixes its frequency there with its probability after
the context without its first character, :math:`h'`, by the rule of Witten and Bell (1991):

.. math::
    p(c \mid h) = \frac{N(hc) + T(h)\,p(c \mid h')}{N(h) + T(h)}, \qquad p(c \mid \text{nothing before}) = \frac1V,

with N(hc) how often c followed h in training, N(h) its sum, and T(h) how many different characters did. A context
that was never seen has N = T = 0, and gives way to :math:`h'`.
"""

import numpy as np

__all__ = ["NGramModel"]


class NGramModel:
    r"""An n-gram model with Witten and Bell's interpolation, by counting.

    .. math:: p(c \mid h) = \frac{N(hc) + T(h)\,p(c \mid h')}{N(h) + T(h)}

    Args:
        order: Integer n, so that a character depends on the n-1 before it.
        vocabulary_size: Integer, the number V of characters.

    Raises:
        ValueError: If n or V is not positive, or :math:`V^n` does not fit in 63 bits.

    Example:
        >>> model = NGramModel(2, 2).fit(np.array([0, 1, 0, 1, 0]))
        >>> model.probabilities(np.array([0, 1])).round(4).tolist()
        [0.5714, 0.8095]
    """

    def __init__(self, order, vocabulary_size):
        if min(order, vocabulary_size) < 1 or vocabulary_size**order >= 2**63:
            raise ValueError(
                "order and vocabulary_size must be >= 1 with vocabulary_size**order < 2**63; "
                f"received order={order}, vocabulary_size={vocabulary_size}"
            )
        self.order, self.vocabulary_size, self.tables = order, vocabulary_size, None

    def fit(self, tokens):
        """Counts; returns the model."""
        tokens, self.tables = self._checked(tokens), []
        for n in range(1, self.order + 1):
            grams, counts = np.unique(self._codes(tokens, n)[n - 1 :], return_counts=True)
            contexts, first = np.unique(grams // self.vocabulary_size, return_index=True)
            kinds = np.diff([*first, len(grams)])  # T(h): grams are sorted, so those of a context are neighbours
            totals = np.add.reduceat(counts, first)
            self.tables.append(((grams, counts), (contexts, totals), (contexts, kinds)))
        return self

    def probabilities(self, tokens):
        """The probability of each token after those before it, (N,); the first has none."""
        if self.tables is None:
            raise ValueError("the model must be fitted before it knows probabilities: call fit(tokens)")
        tokens = self._checked(tokens)
        p = np.full(len(tokens), 1 / self.vocabulary_size)
        for n, (grams, contexts, kinds) in enumerate(self.tables, start=1):
            codes = self._codes(tokens, n)
            count = _look_up(grams, codes)
            total, different = (_look_up(table, codes // self.vocabulary_size) for table in (contexts, kinds))
            seen = (total > 0) & (np.arange(len(tokens)) >= n - 1)
            p = np.where(seen, (count + different * p) / np.maximum(total + different, 1), p)
        return p

    def bits_per_character(self, tokens):
        r""":math:`-\frac1N \sum_t \log_2 p(c_t \mid \text{before})`."""
        return float(-np.mean(np.log2(self.probabilities(tokens))))

    def _codes(self, tokens, n):
        """For each place the n tokens that end there as one number of n digits; the first n-1 mean nothing."""
        codes = np.zeros(len(tokens), "int64")
        for back in range(n - 1, -1, -1):
            shifted = np.concatenate([np.zeros(min(back, len(tokens)), "int64"), tokens[: len(tokens) - back]])
            codes = codes * self.vocabulary_size + shifted[: len(tokens)]
        return codes

    def _checked(self, tokens):
        tokens = np.asarray(tokens, "int64").ravel()
        if len(tokens) < self.order or tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            raise ValueError(
                f"tokens must be at least order={self.order}, in 0 to {self.vocabulary_size - 1}; "
                f"received {len(tokens)} tokens"
            )
        return tokens


def _look_up(table, codes):
    """The count of each code, 0 where there is none."""
    keys, counts = table
    place = np.minimum(np.searchsorted(keys, codes), len(keys) - 1)
    return np.where(keys[place] == codes, counts[place], 0)
