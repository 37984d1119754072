"""Texts: a book to learn to write from."""

import gzip

from mathdl_keras.core.datasets.content import packaged
from mathdl_keras.core.datasets.types import Text

__all__ = ["alice"]

ALICE_SHA256 = "92c17924fa839b37044e19e8c54d37f2d23d38c2318a57549d8ab874510fcf31"


def alice() -> Text:
    """Alice's Adventures in Wonderland, 148,459 characters: a text to learn to write from.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.

    Example:
        >>> alice().text[:32]
        "ALICE'S ADVENTURES IN WONDERLAND"
    """
    text = gzip.decompress(packaged("alice", "alice.txt.gz", ALICE_SHA256)).decode("ascii").replace("\r\n", "\n")
    source = "Lewis Carroll (1865), Millennium Fulcrum edition 2.9, through the Canterbury corpus"
    return Text("alice", text.replace("\x1a", "").strip(), source, "public domain")
