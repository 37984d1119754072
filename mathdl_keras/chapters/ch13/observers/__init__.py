"""Plants with a state that nobody sees, and the observers that follow it (§13.2).

`plants` (what can be known), `observers` (the filter as a recurrent cell).
"""
