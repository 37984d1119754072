"""Text as tokens: a vocabulary of characters, and windows of a text to train on (§13.9)."""

import numpy as np

__all__ = ["CharacterVocabulary", "text_windows"]


class CharacterVocabulary:
    """Characters and their numbers 0, ..., V-1 (§13.9).

    Args:
        characters: String of different characters, in the order of their numbers.

    Raises:
        ValueError: If there is none, or one comes twice.

    Example:
        >>> vocabulary = CharacterVocabulary.of("hello")
        >>> vocabulary.characters, vocabulary.encode("hole").tolist(), vocabulary.decode([1, 0])
        ('ehlo', [1, 3, 2, 0], 'he')
    """

    def __init__(self, characters):
        if not isinstance(characters, str) or not characters or len(set(characters)) < len(characters):
            raise ValueError(f"characters must be a string of different characters; received {characters!r}")
        self.characters = characters
        self.numbers = {c: k for k, c in enumerate(characters)}

    @classmethod
    def of(cls, text):
        """The characters of a text, sorted."""
        return cls("".join(sorted(set(text))))

    def __len__(self):
        return len(self.characters)

    def encode(self, text, name="text"):
        """The numbers of the characters, int32.

        Raises:
            ValueError: If the text is not a string, or holds a character that is not in the vocabulary.
        """
        if not isinstance(text, str):
            raise ValueError(f"{name} must be a string; received {type(text).__name__}")
        if unknown := sorted(set(text) - set(self.numbers)):
            shown = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
            raise ValueError(f"{name} must have only characters of the vocabulary; received also {shown}")
        return np.array([self.numbers[c] for c in text], "int32")

    def decode(self, tokens):
        """The text of numbers.

        Raises:
            ValueError: If a number is not in 0, ..., V-1.
        """
        tokens = np.asarray(tokens)
        if tokens.size and not (tokens.min() >= 0 and tokens.max() < len(self)):
            raise ValueError(f"tokens must be in 0 to {len(self) - 1}; received {tokens.min()} to {tokens.max()}")
        return "".join(self.characters[t] for t in tokens.ravel())


def text_windows(tokens, length, stride=None):
    """Windows of tokens, and the same a token later: what a language model reads, and what it must say (§13.9).

    Args:
        tokens: Integer array (N,).
        length: Integer, the length n of a window.
        stride: Integer, the step from one window to the next; `length` by default, so that windows do not overlap.

    Returns:
        `(x, y)`, each (windows, n); of the end of the text, what fills no window is left out.

    Raises:
        ValueError: If the tokens do not fill a window, or a number is not positive.

    Example:
        >>> x, y = text_windows(np.arange(8), 3)
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    stride = length if stride is None else stride
    if min(length, stride) < 1 or len(tokens) <= length:
        raise ValueError(
            "tokens must be more than length, and length and stride at least 1; "
            f"received {len(tokens)} tokens, length={length}, stride={stride}"
        )
    starts = np.arange(0, len(tokens) - length, stride)[:, None]
    places = starts + np.arange(length)
    tokens = np.asarray(tokens)
    return tokens[places], tokens[places + 1]
