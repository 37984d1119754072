"""Images whose channels come last or first: the passes of this chapter know the first kind only."""

import keras
from keras import ops

from mathdl_keras.core.explicit import ExplicitLayer

__all__: list[str] = []

FORMATS = ("channels_last", "channels_first")


class ImageLayer(ExplicitLayer):
    """An explicit layer of images.

    Args:
        data_format: String, `"channels_last"` for images (B, H, W, C), or `"channels_first"` for (B, C, H, W); None
            for the format that Keras is set to.
        **kwargs: `name`, `dtype` and further arguments of `keras.Layer`.

    Raises:
        ValueError: If the format is another one.
    """

    def __init__(self, data_format, **kwargs):
        super().__init__(**kwargs)
        self.data_format = keras.config.image_data_format() if data_format is None else data_format
        if self.data_format not in FORMATS:
            raise ValueError(f"data_format must be one of {', '.join(FORMATS)}; received data_format={data_format!r}")
        self.first = self.data_format == "channels_first"
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def last(self, x):
        """Images of this format, with their channels last."""
        return ops.transpose(x, (0, 2, 3, 1)) if self.first else x

    def back(self, y):
        """Images with their channels last, in this format."""
        return ops.transpose(y, (0, 3, 1, 2)) if self.first else y

    def sizes_of(self, shape):
        """`((height, width), channels)` of a shape of this format."""
        return (shape[2:4], shape[1]) if self.first else (shape[1:3], shape[3])

    def shape_of(self, batch, sizes, channels):
        """The shape of this format."""
        return (batch, channels, *sizes) if self.first else (batch, *sizes, channels)

    def get_config(self):
        return super().get_config() | {"data_format": self.data_format}
