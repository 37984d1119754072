"""Progress bars over long work, the same for all functions that take `progress`."""

from rich.progress import track

__all__ = ["shown"]


def shown(items, description, progress, long):
    """The items, one after another, with a bar where `progress` asks for it, or by default where the work is long.

    Args:
        items: Iterable of known length.
        description: String, what stands before the bar.
        progress: Boolean, whether to show a bar; `None` to decide by `long`.
        long: Boolean, whether the work is long.

    Example:
        >>> list(shown([1, 2], "rows", progress=None, long=False))
        [1, 2]
    """
    return track(items, description, transient=True) if (long if progress is None else progress) else items
