"""`core.autodiff` on PyTorch: its graph in reverse, dual numbers forward."""

import keras
import torch
from keras import tree
from torch.autograd import forward_ad


def _gradient(y, x, upstream=None, **kwargs):
    """Gradient of the tensors y with respect to the nest x; its graph is kept where recording is on."""
    if not any(t.requires_grad for t in tree.flatten(y)):
        return tree.map_structure(torch.zeros_like, x)
    flat = torch.autograd.grad(
        tree.flatten(y),
        tree.flatten(x),
        None if upstream is None else tree.flatten(upstream),
        create_graph=torch.is_grad_enabled(),
        materialize_grads=True,
        **kwargs,
    )
    return tree.pack_sequence_as(x, list(flat))


def _detached(out):
    """`out` without its graph, unless something outside records."""
    if torch.is_grad_enabled():
        return out
    return tree.map_structure(lambda t: t.detach() if isinstance(t, torch.Tensor) else t, out)


def _leaf(x):
    """x, able to receive a gradient; a clone, not `detach`, which would drop the tangent of a dual number."""

    def leaf(t):
        t = keras.ops.convert_to_tensor(t)
        return t if t.requires_grad else t.clone().requires_grad_(True)

    return tree.map_structure(leaf, x)


def _record(f, x):
    with torch.enable_grad():
        x = _leaf(x)
        return f(x), x


def value_and_grad(fn, variables, has_aux):
    values = [v.value for v in variables]
    with torch.enable_grad():
        out = fn()
    return _detached(out), _gradient(out[0] if has_aux else out, values)


def grad(f):
    def df(x, *args):
        y, x = _record(lambda x: f(x, *args).sum(), x)
        return _gradient(y, x)

    return df


def jvp(f, x, v):
    x, v = (tree.map_structure(keras.ops.convert_to_tensor, t) for t in (x, v))
    with forward_ad.dual_level():
        y = f(tree.map_structure(forward_ad.make_dual, x, v))
        pairs = [forward_ad.unpack_dual(t) for t in tree.flatten(y)]
    tangents = [torch.zeros_like(p.primal) if p.tangent is None else p.tangent for p in pairs]
    pack = tree.pack_sequence_as
    return pack(y, [p.primal for p in pairs]), pack(y, tangents)


def vjp(f, x):
    y, x = _record(f, x)
    return _detached(y), lambda u: _gradient(y, x, u, retain_graph=True)


def jacobian(f):
    def df(x):
        y, x = _record(f, x)
        rows = torch.eye(y.numel(), dtype=y.dtype, device=y.device).reshape(-1, *y.shape)
        return _gradient(y, x, rows, is_grads_batched=True).reshape(*y.shape, *x.shape)

    return df


def batched_grad(f):
    """x, batch -> the gradients in x of f(x, example), one for each example."""

    def df(x, *batch):
        return torch.func.vmap(torch.func.grad(f), (None, *(0 for _ in batch)))(x, *batch)

    return df


def hvp(f, x, v):
    """Reverse over reverse: unlike dual numbers, it also passes through `custom_vjp`."""
    x = tree.map_structure(keras.ops.convert_to_tensor, x)
    gradient, pullback = vjp(grad(f), x)
    return pullback(tree.map_structure(keras.ops.convert_to_tensor, v))


class _Call:
    """What one call of a custom rule must remember beside its tensors: the rule, and how its nests are packed."""

    def __init__(self, forward, backward):
        self.forward, self.backward = forward, backward

    def run(self, *args):
        """Lists of the tensors of the outputs and of the residuals."""
        outputs, residuals = self.forward(*args)
        self.outputs, self.residuals = _skeleton(outputs), _skeleton(residuals)
        given = set(map(id, args))  # an output may be an argument itself: PyTorch wants a view of it
        outputs = [t.view_as(t) if id(t) in given else t for t in _leaves(outputs)]
        self.split = len(outputs)
        return outputs, _leaves(residuals)

    def pack_outputs(self, flat):
        return _packed(self.outputs, iter(flat[: self.split]))

    def keep(self, ctx, args, residuals):
        ctx.call = self
        ctx.save_for_backward(*args, *residuals)
        ctx.set_materialize_grads(self.split > 1)  # residuals have no gradient; a lone output always has

    def pull_back(self, ctx, upstream):
        arguments = len(ctx.needs_input_grad) - 1
        args, residuals = ctx.saved_tensors[:arguments], ctx.saved_tensors[arguments:]
        if torch.is_grad_enabled():  # differentiated twice: the residuals need their graph
            residuals = self.forward(*args)[1]
        else:
            residuals = _packed(self.residuals, iter(residuals))
        return None, *self.backward(residuals, self.pack_outputs(upstream))


# `keras.tree` takes longer than an operation on a small tensor: tuples and lists do without it.


def _leaves(nest):
    if isinstance(nest, torch.Tensor):
        return [nest]
    return [leaf for part in nest for leaf in _leaves(part)] if type(nest) in (tuple, list) else tree.flatten(nest)


def _skeleton(nest):
    """The nest with 0 in the place of each tensor."""
    if isinstance(nest, torch.Tensor):
        return 0
    return type(nest)(map(_skeleton, nest)) if type(nest) in (tuple, list) else tree.map_structure(lambda t: 0, nest)


def _packed(skeleton, leaves):
    if skeleton == 0:
        return next(leaves)
    if type(skeleton) in (tuple, list):
        return type(skeleton)(_packed(part, leaves) for part in skeleton)
    return tree.pack_sequence_as(skeleton, [next(leaves) for _ in tree.flatten(skeleton)])


class _Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx, call, *args):
        outputs, residuals = call.run(*args)
        call.keep(ctx, args, residuals)
        return tuple(outputs)

    @staticmethod
    def backward(ctx, *upstream):
        return ctx.call.pull_back(ctx, upstream)


class _BatchedRule(torch.autograd.Function):
    """The same under `torch.func`, which wants residuals among the outputs; it takes 0.1 ms more."""

    generate_vmap_rule = True

    @staticmethod
    def forward(call, *args):
        outputs, residuals = call.run(*args)
        return *outputs, *(t.view_as(t) for t in residuals)

    @staticmethod
    def setup_context(ctx, inputs, output):
        call, *args = inputs
        call.keep(ctx, args, output[call.split :])

    @staticmethod
    def backward(ctx, *upstream):
        return ctx.call.pull_back(ctx, upstream)


def _tensor(x):
    return x if isinstance(x, torch.Tensor) else keras.ops.convert_to_tensor(x)


def custom_vjp(forward, backward):
    def f(*args):
        if not torch.is_grad_enabled():
            return forward(*map(_tensor, args))[0]
        call = _Call(forward, backward)
        rule = _BatchedRule if torch._C._are_functorch_transforms_active() else _Rule
        return call.pack_outputs(rule.apply(call, *map(_tensor, args)))

    return f
