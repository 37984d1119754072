"""`core.loops` on PyTorch: Python is the loop."""

import torch
from keras import tree


def scan(f, init, xs, length):
    carry, ys = init, []
    for t in range(length):
        carry, y = f(carry, tree.map_structure(lambda x, t=t: x[t], xs))
        ys.append(y)
    if ys[0] is None:
        return carry, None
    return carry, tree.map_structure(lambda *y: torch.stack([torch.as_tensor(t) for t in y]), *ys)


def loop(body):
    @torch.no_grad()
    def run(state, steps):
        for k in range(steps):
            state = body(k, state)
        return state

    return run


def compiled(f):
    return torch.no_grad()(f)
