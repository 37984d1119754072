"""Attention, the places of tokens, and what permutations do (§13.9).

`formulas` (the explicit form and its derivative), `scaled_dot_product` (as a function, and masks), `projections` of
several heads, `multihead` and `self_attention` (layers), `positions`, `equivariance`.
"""
