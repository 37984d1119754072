"""Claims, statements that an experiment could refute, and the verifier: `from mathdl_keras.claims import verify`."""

from mathdl_keras.core.claims import (
    Claim,
    ClaimError,
    ClaimSkipped,
    Record,
    Verdict,
    at_most,
    claim,
    close_to,
    discover,
    distributed_as,
    equals,
    exactly,
    frequencies,
    mean_equals,
    rate,
    verify,
)
