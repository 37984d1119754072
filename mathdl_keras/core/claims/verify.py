"""The verifier: runs claims and their mutants, and says in one word how each went."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from mathdl_keras.core.claims.claim import Claim, ClaimSkipped
from mathdl_keras.core.claims.verdicts import Verdict

__all__ = ["Record", "verify"]


@dataclass(frozen=True)
class Record:
    """One run of a claim or of a mutant.

    Attributes:
        status: String: `holds` or `fails` for a claim; `refuted` or `survives` for a mutant; `skipped`; `error`.
        message: String, the reason, for all but `holds` and `refuted`.
    """

    claim_id: str
    section: str
    statement: str
    seed: int
    mutant: str | None
    status: str
    verdicts: tuple[Verdict, ...]
    seconds: float
    message: str

    @property
    def good(self) -> bool:
        return self.status in ("holds", "refuted", "skipped")

    def as_dict(self) -> dict:
        """For the ledger: plain values, each verdict with whether it holds; an infinite error is null."""
        verdicts = [
            asdict(v) | {"error": v.error if math.isfinite(v.error) else None, "holds": v.holds} for v in self.verdicts
        ]
        return asdict(self) | {"verdicts": verdicts}


def run(claim: Claim, seed: int, mutant: str | None = None) -> Record:
    """One run; whatever goes wrong inside becomes the record's status and message."""
    start = time.perf_counter()
    verdicts: tuple[Verdict, ...] = ()
    try:
        verdicts = claim.run(seed, mutant)
        status, message = _status(verdicts, mutant)
    except ClaimSkipped as reason:
        status, message = "skipped", str(reason)
    except Exception as error:  # a claim that raises is a result too
        status, message = "error", f"{type(error).__name__}: {error}".splitlines()[0]
    seconds = time.perf_counter() - start
    return Record(claim.id, claim.section, claim.statement, seed, mutant, status, verdicts, seconds, message)


def _status(verdicts, mutant):
    broken = [v for v in verdicts if not v.holds]
    if mutant is not None:
        return ("refuted", "") if broken else ("survives", f"no tolerance rejects mutant {mutant!r}")
    if broken:
        worst = max(broken, key=lambda v: v.ratio)
        return "fails", f"{worst.label or worst.kind}: error is {worst.ratio:.3g} times its tolerance"
    return "holds", ""


def verify(claims: Iterable[Claim], seeds: Iterable[int] = (0,), refute: bool = False) -> Iterator[Record]:
    """Runs claims, one record each as it is finished.

    Args:
        claims: Iterable of claims, such as `discover` returns.
        seeds: Iterable of integers; each claim runs once for each seed, once with seed 0 by default.
        refute: Boolean, whether to run each claim's mutants too, which must fail; False by default.

    Yields:
        A `Record` for each run.
    """
    seeds = list(seeds)
    for claim in claims:
        for seed in seeds:
            for mutant in [None, *claim.refuted_by] if refute else [None]:
                yield run(claim, seed, mutant)
