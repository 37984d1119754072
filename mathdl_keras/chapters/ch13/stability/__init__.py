"""How fast a recurrent network forgets, and what keeps it from exploding (§13.6).

`stability` (spectral radius, Jacobians, Lyapunov exponent), `clipping` of gradients, `constraints` on weights.
"""
