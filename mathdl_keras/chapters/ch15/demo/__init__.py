"""Chapter 15 on data.

| data set | what is learned |
| --- | --- |
| `digits` | codes of two and eight numbers, by autoencoders, against probabilistic principal components (§15.2) |
| `ring` | eight modes on a circle, and the digits' plane: mode collapse, detected and cured (§15.3-15.5) |
| `mnist5k` | images, by a Wasserstein network with a penalty; a grid of samples after each epoch (§15.5) |

The default, `embedded`, is the first two, which ship inside the package.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mathdl_keras.chapters.ch15.demo import adversarial, vae
from mathdl_keras.core.demo import Results, Session

PARTS = {"digits": vae.run, "ring": adversarial.run, "mnist5k": adversarial.run_images}
EMBEDDED = ("digits", "ring")
DATASETS = ("embedded", *PARTS)


@dataclass(frozen=True, kw_only=True)
class GenerativeResults(Results):
    """What the parts found.

    Attributes:
        parts: Mapping from the name of each part that ran to its results: `AutoencoderResults` of `digits`,
            `AdversarialResults` of `ring`, `ImageResults` of `mnist5k`.
    """

    parts: Mapping[str, vae.AutoencoderResults | adversarial.AdversarialResults | adversarial.ImageResults]


def run(session: Session) -> GenerativeResults:
    """The parts, one after another."""
    names = EMBEDDED if session.dataset == "embedded" else (session.dataset,)
    parts = {name: PARTS[name](session) for name in names}
    metrics = [metric for part in parts.values() for metric in part.metrics]
    data = {source.name: source for part in parts.values() for source in part.data}  # both parts have the digits
    return GenerativeResults(metrics, list(data.values()), parts=parts)
