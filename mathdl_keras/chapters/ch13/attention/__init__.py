"""Attention, the places of tokens, and what permutations do (§13.9).

`dot_product` (the explicit form and its derivative), `attention` and `multihead` (layers), `positions`, `equivariance`.
"""
