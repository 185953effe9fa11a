"""BERT on the CPU over texts laid end to end: no padding, and 8-bit products."""

import torch
import torch.nn.functional as F
from torch import nn

#: No value of GELU lies below.
_LOWEST_GELU = -0.17

#: Texts of many kinds, from which the range of each channel is read.
CALIBRATION = [
    "The dress is nice.",
    "Colors are true",
    "Paris is the capital of France, and has 2,102,650 inhabitants.",
    "def f(x): return x + 1  # comment",
    "I would not buy this again, because it shrank!",
    "Wie geht es dir? Gut, danke!",
    "ok",
    "https://www.example.com/index.html?q=1",
    "The quick brown fox jumps over the lazy dog. It was then seen running across "
    "fields and rivers towards the old mill, where nobody had lived for years.",
    "WOW!!! Best purchase ever :) 10/10",
    "$1,299.99 (incl. 19% VAT), order no. A-1047/B",
    "日本語",
]


def can_pack(network):
    """Tell whether a network is a plain BERT, as `PackedBert` knows it.

    Parameters
    ----------
    network : torch.nn.Module
    """
    kind = type(network)
    if kind.__name__ != "BertModel" or not kind.__module__.startswith("transformers."):
        return False
    config = network.config
    linears = [linear for layer in network.encoder.layer for linear in _linears(layer)]
    return (
        config.hidden_act == "gelu"
        and not config.is_decoder
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and all(type(linear) is nn.Linear for linear in linears)  # no adapters
    )


def _linears(layer):
    attention = layer.attention
    return (
        *(attention.self.query, attention.self.key, attention.self.value),
        attention.output.dense,
        layer.intermediate.dense,
        layer.output.dense,
    )


def pack(network, precision, calibrate=None):
    """Return a `PackedBert` at a precision.

    Parameters
    ----------
    network : transformers.BertModel
        For which `can_pack` is true.
    precision : {"float32", "bfloat16", "int8"}
    calibrate : callable, default=None
        Runs a `PackedBert` over `CALIBRATION`; needed for "int8".

    Returns
    -------
    packed : PackedBert
    """
    with torch.no_grad():
        if precision != "int8":
            dtype = getattr(torch, precision)
            return PackedBert(network, lambda place, linears: Float(linears, dtype))
        seen = {}

        def observe(place, linears):
            seen[place] = Observed(linears, torch.float32)
            return seen[place]

        calibrate(PackedBert(network, observe))
        return PackedBert(network, lambda place, linears: seen[place].to_int8(place[1]))


class PackedBert:
    """The layers of BERT over the tokens of many texts, one text after the other.

    Linear layers see no padding, and texts meet only in them: a text's vectors do not
    depend on its neighbours (bitwise so in 8 bits).

    Parameters
    ----------
    network : transformers.BertModel
    make_linear : callable
        From a place (layer, source of the inputs, ...) and the linear layers that
        share an input there, to what computes their joint output.
    """

    def __init__(self, network, make_linear):
        self.embeddings = network.embeddings
        self.n_heads = network.config.num_attention_heads
        self.layers = []
        for i, layer in enumerate(network.encoder.layer):
            query, key, value, context, up, down = _linears(layer)
            scale = (query.out_features / self.n_heads) ** -0.5
            inputs = [_scaled(query, scale), key, value]
            self.layers.append(
                Layer(
                    inputs=make_linear((i, "norm", "inputs"), inputs),
                    context=make_linear((i, "attention"), [context]),
                    context_norm=layer.attention.output.LayerNorm,
                    up=make_linear((i, "norm", "up"), [up]),
                    down=make_linear((i, "gelu"), [down]),
                    down_norm=layer.output.LayerNorm,
                )
            )

    def __call__(self, tokens, lengths, buffers):
        """Return the vector of each token.

        Parameters
        ----------
        tokens : tensor of int of shape (n_tokens,)
        lengths : list of int
            Tokens of each text.
        buffers : Buffers

        Returns
        -------
        vectors : tensor of shape (n_tokens, width)
        """
        vectors = self._embed(tokens, lengths)
        for layer in self.layers:
            vectors = layer(vectors, lengths, self.n_heads, buffers)
        return vectors

    def _embed(self, tokens, lengths):
        embeddings = self.embeddings
        places = torch.cat([torch.arange(length) for length in lengths])
        vectors = embeddings.word_embeddings.weight[tokens].float()
        vectors += embeddings.position_embeddings.weight[places]
        vectors += embeddings.token_type_embeddings.weight[0]
        return _normalize(vectors, embeddings.LayerNorm)


class Layer:
    """Attention and the two layers behind it."""

    def __init__(self, inputs, context, context_norm, up, down, down_norm):
        self.inputs = inputs
        self.context = context
        self.context_norm = context_norm
        self.up = up
        self.down = down
        self.down_norm = down_norm

    def __call__(self, vectors, lengths, n_heads, buffers):
        attended = self._attend(vectors, lengths, n_heads, buffers)
        vectors = _normalize(
            self.context(attended, buffers, "out").add_(vectors), self.context_norm
        )
        hidden = self.up(vectors, buffers, "wide")
        torch._C._nn.gelu(hidden, out=hidden)
        return _normalize(
            self.down(hidden, buffers, "out").add_(vectors), self.down_norm
        )

    def _attend(self, vectors, lengths, n_heads, buffers):
        """Attention text by text: on the CPU faster than with a mask for all."""
        n_tokens, width = vectors.shape
        inputs = self.inputs(vectors, buffers, "wide").view(n_tokens, 3, n_heads, -1)
        attended = buffers.get("attended", (n_tokens, width))
        query, key, value = inputs.permute(1, 2, 0, 3)
        mixed = attended.view(n_tokens, n_heads, -1).transpose(0, 1)
        start, weights = 0, query.new_empty(0, 0)
        for length in lengths:
            text = slice(start, start + length)
            if weights.shape[1] != length:
                weights = buffers.get("weights", (n_heads, length, length))
            torch.bmm(query[:, text], key[:, text].transpose(1, 2), out=weights)
            torch.softmax(weights, -1, out=weights)
            mixed[:, text] = torch.bmm(weights, value[:, text])
            start += length
        return attended


class Float:
    """Linear layers that share an input.

    Parameters
    ----------
    linears : list of torch.nn.Linear
    dtype : torch.dtype
        Of the products.
    """

    def __init__(self, linears, dtype):
        self.weight = torch.cat([linear.weight for linear in linears]).to(dtype).t()
        self.bias = torch.cat([linear.bias for linear in linears]).to(dtype)

    def __call__(self, inputs, buffers, name):
        dtype, shape = self.bias.dtype, (len(inputs), len(self.bias))
        if dtype != inputs.dtype:
            inputs = buffers.get("inputs", inputs.shape, dtype).copy_(inputs)
        product = buffers.get(name, shape, dtype)
        torch.addmm(self.bias, inputs, self.weight, out=product)
        if dtype == torch.float32:
            return product
        return buffers.get(name, shape).copy_(product)


class Observed(Float):
    """Linear layers that note how large each channel of their inputs is."""

    largest = None

    def __call__(self, inputs, buffers, name):
        largest = inputs.abs().amax(0)
        if self.largest is not None:
            largest = torch.maximum(largest, self.largest)
        self.largest = largest
        return super().__call__(inputs, buffers, name)

    def to_int8(self, source):
        return Int8(self.weight.t(), self.bias, source, self.largest)


class Int8:
    """Linear layers that share an input, their products in 8 bits.

    Weights are rounded with a scale for each output, inputs with one for each token.
    What comes out of layer normalization has a few large channels; these are first
    made smaller at the cost of their weights (SmoothQuant, Xiao et al., ICML 2023).
    What comes out of GELU has nearly one sign, and is rounded around its middle.

    Parameters
    ----------
    weight : tensor of shape (n_outputs, n_inputs)
    bias : tensor of shape (n_outputs,)
    source : {"norm", "attention", "gelu"}
        Where inputs come from. Those of the last two are overwritten.
    largest : tensor of shape (n_inputs,)
        Absolute value that each channel of the input is known to take.
    """

    def __init__(self, weight, bias, source, largest):
        self.source = source
        if source == "norm":
            of_weights = weight.abs().amax(0).clamp_min(1e-5)
            smooth = (largest.clamp_min(1e-3) / of_weights).sqrt()
            weight, self.factor = weight * smooth, 1 / smooth
        self.scale = weight.abs().amax(1).clamp_min(1e-12) / 127
        rounded = (weight / self.scale[:, None]).round()
        self.weight = rounded.to(torch.int8).t().contiguous()
        self.bias = bias
        self.sums = rounded.sum(1) * self.scale

    def __call__(self, inputs, buffers, name):
        middle = None
        if self.source == "gelu":
            highest = inputs.amax(1, keepdim=True)
            middle = (highest + _LOWEST_GELU).div_(2)
            largest = (highest - _LOWEST_GELU).div_(2)
            inputs = inputs.sub_(middle)
        else:
            if self.source == "norm":
                scaled = buffers.get("scaled", inputs.shape)
                inputs = torch.mul(inputs, self.factor, out=scaled)
            lowest = inputs.amin(1, keepdim=True).neg_()
            largest = torch.maximum(inputs.amax(1, keepdim=True), lowest)
        scale = largest.clamp_min_(1e-8).div_(127)
        rounded = buffers.get("rounded", inputs.shape, torch.int8)
        rounded.copy_(inputs.mul_(1 / scale).round_())
        out = self._multiply(rounded, scale, buffers.get(name, self._shape(inputs)))
        return out if middle is None else out.addcmul_(middle, self.sums)

    def _shape(self, inputs):
        return len(inputs), len(self.bias)

    def _multiply(self, rounded, scale, out):
        # Integers lie where their floats will: less memory is less to wait for.
        product = out.view(torch.int32)
        torch._int_mm(rounded, self.weight, out=product)
        out.copy_(product).mul_(scale)
        return torch.addcmul(self.bias, out, self.scale, out=out)


class Buffers:
    """Memory that is used again: fresh pages cost as much as what is written there.

    One for each run: two threads must not share it.
    """

    def __init__(self):
        self._buffers = {}

    def get(self, name, shape, dtype=torch.float32):
        """Return a tensor with whatever values; it is the former one of this name."""
        size = torch.Size(shape).numel()
        buffer = self._buffers.get((name, dtype))
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name, dtype] = torch.empty(size, dtype=dtype)
        return buffer[:size].view(shape)


def _scaled(linear, scale):
    scaled = nn.Linear(linear.in_features, linear.out_features, device="meta")
    scaled.weight = nn.Parameter(linear.weight * scale)
    scaled.bias = nn.Parameter(linear.bias * scale)
    return scaled


def _normalize(vectors, norm):
    return F.layer_norm(
        vectors, norm.normalized_shape, norm.weight, norm.bias, norm.eps
    )
