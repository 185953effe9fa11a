"""The norm of the gradient of each row's loss, without these gradients."""

import contextlib

import torch
from torch import nn

from skmm._nn.sparse import BagTable
from skmm.fusion._base import StandIn


class RowNorms:
    """Norms of the gradients of single rows, found while a batch passes [1]_.

    The gradient of a linear layer is the product of what goes in and of the slope of
    what comes out, and so is its norm: no row's gradient is ever stored. A module can
    be private if all that it learns lies in layers of which this holds, each of which
    is called once a batch and treats rows by themselves.

    Parameters
    ----------
    module : nn.Module

    Raises
    ------
    ValueError
        For layers that are not known; the message names them.

    References
    ----------
    .. [1] Goodfellow: Efficient Per-Example Gradient Computations, 2015. Li, Tramèr,
       Liang, Hashimoto: Large Language Models Can Be Strong Differentially Private
       Learners, ICLR 2022 (ghost clipping).
    """

    def __init__(self, module):
        self.module = module
        self.layers = _find_layers(module)
        self._calls = []
        self._known = set()

    @contextlib.contextmanager
    def watching(self):
        """Remember what goes through the layers inside."""
        self._calls = []
        hooks = [layer.register_forward_hook(self._remember) for layer in self.layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _remember(self, layer, inputs, output):
        if any(known is layer for known, _, _ in self._calls):
            raise ValueError(
                f"The layer {layer} is called more than once for a batch, and its "
                "gradients of single rows would be clipped wrongly: this module cannot "
                "be trained with privacy=."
            )
        if output.requires_grad:
            self._calls.append((layer, inputs, output))

    def of(self, losses):
        """Return the norms, a tensor (n,), for losses (n,) of what was watched.

        The graph is kept, to be passed back once more.
        """
        outputs = [output for _, _, output in self._calls]
        slopes = torch.autograd.grad(
            losses.sum(), outputs, retain_graph=True, allow_unused=True
        )
        total = torch.zeros_like(losses)
        with torch.no_grad():
            for (layer, inputs, _), slope in zip(self._calls, slopes):
                if slope is not None:
                    _check_rows(layer, slope, len(losses))
                    squares = _SQUARES[type(layer)](layer, inputs, slope.float())
                    total += squares.to(total.dtype)
        called = [layer for layer, _, _ in self._calls]
        self._known = {id(p) for one in called for p in one.parameters(recurse=False)}
        self._calls = []
        return total.sqrt()

    def check_gradients(self):
        """Raise if a weight has a gradient that did not count in the norms.

        That is so where a module uses a layer's weights without a call of the layer.
        """
        for name, parameter in self.module.named_parameters():
            if parameter.grad is not None and id(parameter) not in self._known:
                raise ValueError(
                    f"{name} is used without a call of its layer, so that its "
                    "gradients of single rows are not known: this module cannot be "
                    "trained with privacy=."
                )


def _check_rows(layer, slope, n_rows):
    if len(slope) != n_rows:
        raise ValueError(
            f"The layer {layer} gave {len(slope)} rows for a batch of {n_rows}: its "
            "first axis must be the rows, or this module cannot be trained with "
            "privacy=."
        )


def _find_layers(module):
    """Return the layers that hold all parameters, each parameter in one of them."""
    layers, owners = [], {}
    for name, layer in module.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"{name}: {layer} makes each row depend on the others of its batch, "
                "and cannot be trained with privacy=. Use LayerNorm."
            )
        own = list(layer.parameters(recurse=False))
        if not own:
            continue
        if type(layer) not in _SQUARES:
            known = ", ".join(cls.__name__ for cls in _SQUARES)
            raise ValueError(
                f"{name}: gradients of single rows are not known for "
                f"{type(layer).__name__}, which cannot be trained with privacy=. Known "
                f"are: {known}."
            )
        for parameter in own:
            if owners.setdefault(id(parameter), name) != name:
                raise ValueError(
                    f"{name} and {owners[id(parameter)]} share weights, which cannot "
                    "be trained with privacy=."
                )
        layers.append(layer)
    return layers


def _linear(layer, inputs, slope):
    """Squared norms of a linear layer's gradients, the weight's and the bias'."""
    x = inputs[0].float()
    if x.ndim == 2:
        squares, bias = x.square().sum(1) * slope.square().sum(1), slope
    else:
        # Over tokens the gradients add up: (sum x g)² is a sum of products of pairs.
        x, slope = x.flatten(1, -2), slope.flatten(1, -2)
        pairs = (x @ x.transpose(1, 2)) * (slope @ slope.transpose(1, 2))
        squares, bias = pairs.sum((1, 2)), slope.sum(1)
    squares = squares * layer.weight.requires_grad
    if layer.bias is not None and layer.bias.requires_grad:
        squares = squares + bias.square().sum(1)
    return squares


def _layer_norm(layer, inputs, slope):
    """Squared norms of the scales' and shifts' gradients, summed over tokens."""
    shape = layer.normalized_shape
    x = nn.functional.layer_norm(inputs[0].float(), shape, eps=layer.eps)
    squares = slope.new_zeros(len(slope))
    for parameter, gradient in ((layer.weight, x * slope), (layer.bias, slope)):
        if parameter is not None and parameter.requires_grad:
            gradient = gradient.reshape(len(slope), -1, parameter.numel())
            squares = squares + gradient.sum(1).square().sum(1)
    return squares


def _bag_table(layer, inputs, slope):
    """Squared norms of a table's gradients; a row may name a place of it twice."""
    csr = inputs[0]
    rows = torch.arange(len(csr), device=slope.device)
    lengths = csr.indptr.diff()
    rows = rows.repeat_interleave(lengths)
    values = csr.values
    if values is None:
        values = torch.ones(len(rows), device=slope.device)
    if layer.trust is not None:
        values = values * layer.trust[csr.indices]
    keys = rows * len(layer.weight) + csr.indices
    keys, places = keys.unique(return_inverse=True)
    summed = values.new_zeros(len(keys)).index_add_(0, places, values)
    squares = summed.new_zeros(len(csr)).index_add_(
        0, keys // len(layer.weight), summed.square()
    )
    return squares * slope.square().sum(1) * layer.weight.requires_grad


def _stand_in(layer, inputs, slope):
    """Squared norms of the vectors that stand for absent modalities."""
    present = inputs[1]
    slope = slope.masked_fill(present[..., None], 0)
    return slope.flatten(1).square().sum(1) * layer.vectors.requires_grad


#: Layer -> function of it, its inputs and the slope of its output.
_SQUARES = {
    nn.Linear: _linear,
    nn.LayerNorm: _layer_norm,
    BagTable: _bag_table,
    StandIn: _stand_in,
}
