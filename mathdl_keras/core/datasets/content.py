"""Files of this package and downloads, used only if their bytes are the expected ones."""

import hashlib
from importlib import resources

__all__ = ["DatasetUnavailable", "check_content", "packaged"]


class DatasetUnavailable(OSError):
    """A data set that could not be fetched, or whose bytes are not the expected ones."""


def packaged(name: str, file: str, sha256: str) -> bytes:
    """The bytes of a file in `core/data`.

    Raises:
        DatasetUnavailable: If the file is damaged.
    """
    content = resources.files("mathdl_keras.core").joinpath("data", file).read_bytes()
    check_content(name, sha256, (content,), "reinstall mathdl_keras")
    return content


def check_content(name: str, expected: str, contents: tuple, remedy: str) -> None:
    """Raises `DatasetUnavailable` unless the sha256 of the contents, one after another, is the expected one."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    received = digest.hexdigest()
    if received != expected:
        raise DatasetUnavailable(
            f"{name} is damaged: its sha256 must be {expected[:12]}...; received {received[:12]}...; {remedy}"
        )
