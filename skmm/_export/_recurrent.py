"""Recurrent layers: an operator each, whatever the length of a row.

torch.export would write such a layer down step by step, for one length alone.
"""

import torch
from torch import Tensor, library, nn

#: Where each gate of ONNX is among torch's: input, output, forget, cell; update, reset,
#: hidden.
_LSTM, _GRU = [0, 3, 1, 2], [1, 0, 2]


class RecurrentNet(nn.Module):
    """A :class:`~skmm._nn.sequence.Recurrent` of layers that are operators.

    Parameters
    ----------
    recurrent : Recurrent
        It is changed.
    """

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent = recurrent
        for pair in recurrent.layers:
            for i, layer in enumerate(pair):
                pair[i] = _Layer(layer)

    def forward(self, x, mask):
        return self.recurrent.run(x, mask)


class _Layer(nn.Module):
    """A layer in one direction, with its weights as ONNX has them."""

    def __init__(self, layer):
        super().__init__()
        self.gates = _LSTM if isinstance(layer, nn.LSTM) else _GRU
        self.n_hidden = layer.hidden_size
        weights = (layer.weight_ih_l0, layer.weight_hh_l0)
        biases = (layer.bias_ih_l0, layer.bias_hh_l0)
        self.register_buffer("inner", self._arrange(weights[0]))
        self.register_buffer("across", self._arrange(weights[1]))
        self.register_buffer("bias", torch.cat([*map(self._arrange, biases)], dim=1))

    def _arrange(self, weight):
        gates = weight.detach().unflatten(0, (-1, self.n_hidden))
        return gates[self.gates].flatten(0, 1)[None]

    def forward(self, x):
        return (recurrent(x, self.inner, self.across, self.bias),)


@library.custom_op("skmm::recurrent", mutates_args=())
def recurrent(x: Tensor, inner: Tensor, across: Tensor, bias: Tensor) -> Tensor:
    """From (n, t, n_in) to (n, t, n_hidden): what a graph of ONNX computes."""
    raise NotImplementedError("a recurrent layer that only a graph of ONNX runs")


@recurrent.register_fake
def _shape(x, inner, across, bias):
    return x.new_empty(x.shape[0], x.shape[1], across.shape[2])


def translations():
    """Return what the operators are in ONNX, for the exporter of torch."""
    from onnxscript import opset18 as op

    def to_onnx(x, inner, across, bias):
        _, n_gates, size = across.shape
        x = op.Transpose(x, perm=[1, 0, 2])
        if n_gates == 4 * size:
            found, _, _ = op.LSTM(x, inner, across, bias, hidden_size=size)
        else:
            options = {"hidden_size": size, "linear_before_reset": 1}
            found, _ = op.GRU(x, inner, across, bias, **options)
        found = op.Squeeze(found, op.Constant(value_ints=[1]))
        return op.Transpose(found, perm=[1, 0, 2])

    return {torch.ops.skmm.recurrent.default: to_onnx}
