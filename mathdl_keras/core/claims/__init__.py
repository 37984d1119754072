"""Claims: statements of the book as seeded experiments that can fail.

```python
@claim(
    "9.3",
    "dropout adds p/(1-p) sum_j w_j^2 |X_j|^2 to the expected loss",
    refuted_by={"unscaled": {"layer": UnscaledDropout}},
)
def dropout_is_ridge(rng, *, rate=0.3, draws=4096, layer=Dropout):
    ...
    return mean_equals(losses, predicted, label="expected loss")
```

A claim is a function of a NumPy generator and keyword settings that returns a verdict, or several. The *predicted*
side comes from theory, a closed form or another library; the *measured* side from this package. A mutant is another
value of a keyword, deliberately wrong, which the same tolerance must reject.

| verdict | holds when | used for |
| --- | --- | --- |
| `equals` | the error is at most c roundings of the result's own dtype | algebraic identities |
| `exactly` | integers, booleans or arrays are equal | counting |
| `mean_equals` | the mean is within 4 standard errors | Monte Carlo |
| `distributed_as` | the Kolmogorov-Smirnov distance is at most 2.2/sqrt(R) | distributions |
| `frequencies` | chi-square is below its 0.9999 quantile | counts |
| `close_to` | the relative error is at most an explicit remainder | limits at finite size |
| `rate` | the fitted log-log slope is within the next-order term | convergence rates |
| `at_most` | a bound holds and is not vacuous | inequalities |

`verify` runs claims and, with `refute`, their mutants; a mutant that survives is an error, as is a result that is not
finite. A claim whose oracle is not at hand raises `ClaimSkipped`, and its reason stands in the table.
"""

from mathdl_keras.core.claims.claim import Claim, ClaimError, ClaimSkipped, claim, discover
from mathdl_keras.core.claims.verdicts import (
    Verdict,
    at_most,
    close_to,
    distributed_as,
    equals,
    exactly,
    frequencies,
    mean_equals,
    rate,
)
from mathdl_keras.core.claims.verify import Record, verify

__all__ = [
    "Claim",
    "ClaimError",
    "ClaimSkipped",
    "Record",
    "Verdict",
    "at_most",
    "claim",
    "close_to",
    "discover",
    "distributed_as",
    "equals",
    "exactly",
    "frequencies",
    "mean_equals",
    "rate",
    "verify",
]
