"""Attention, the places of tokens, and what permutations do (§13.9).

`dot_product` (the explicit form and its derivative), `attention` (as a function, and masks), `projections` of several
heads, `multihead` and `self_attention` (layers), `positions`, `equivariance`.
"""
