"""What of a pretrained network learns, and how fast."""

from torch import nn

from skmm._nn.freezing import freeze_for_good, keep_still, scale_layers
from skmm._pretrained.lora import add_lora

#: Times the estimator's learning rate, which is 3e-3 by default, by what the network
#: reads. Of texts, "full" is the rate that TextEmbedder takes; "lora" a third of its.
LEARNING_RATE_SCALES = {
    "text": {"head": 0.1, "lora": 0.3, "full": 0.1},
    "image": {"frozen": 0.0, "head": 0.1, "lora": 0.3, "full": 0.03},
    "audio": {"head": 0.01, "full": 0.01},
}
#: Share of the parameters that "head" lets learn, at least; None for the last of the
#: layers that are alike, and what comes behind it.
_HEAD_SHARES = {"text": None, "image": 0.2, "audio": None}


def adapt(network, kind, tune, *, rank=8, layer_decay=1.0, used=None):
    """Settle what of a network learns, and how fast.

    Parameters
    ----------
    network : nn.Module
        Changed.
    kind : {"text", "image", "audio"}
        What it reads.
    tune : {"frozen", "head", "lora", "full"}
    rank : int, default=8
        Rank of the additions, with "lora".
    layer_decay : float, default=1.0
        Learning rate of a layer by that of the next.
    used : set of nn.Parameter, default=None
        The parameters that the output depends on; None for all. Others, such as a head
        for classes that nobody asks for, can learn nothing.

    Raises
    ------
    ValueError
        If no layer can have low-rank additions, with "lora".
    """
    network.learning_rate_scale = LEARNING_RATE_SCALES[kind][tune]
    if tune == "frozen":
        freeze_for_good(network)
        return
    used = set(network.parameters()) if used is None else used
    blocks = find_blocks(network)
    layers = [
        layer
        for layer in find_layers(network, blocks)
        if not used.isdisjoint(layer.parameters())
    ]
    if tune == "lora" and not add_lora(network, rank, used=used):
        raise ValueError(
            "tune='lora' adapts linear layers and convolutions without groups, and "
            f"the model, a {type(network).__name__}, has none that can be reached. "
            "Possible are tune='frozen', 'head' and 'full'."
        )
    if tune == "head":
        first = _first_of_head(layers, blocks, used, _HEAD_SHARES[kind])
        for layer in layers[:first]:
            keep_still(layer)  # its dropout, too
        used = used & {p for layer in layers[first:] for p in layer.parameters()}
    if tune in ("head", "full"):
        for parameter in network.parameters():
            parameter.requires_grad_(parameter in used)
    scale_layers(layers, layer_decay)


def _first_of_head(layers, blocks, used, share):
    """Return the place of the first layer that "head" lets learn."""
    if share is None:
        last = blocks[-1] if blocks is not None else layers[-1]
        return next((i for i, layer in enumerate(layers) if layer is last), -1)
    enough = share * sum(parameter.numel() for parameter in used)
    first = len(layers)
    while first and enough > 0:
        first -= 1
        enough -= sum(p.numel() for p in used.intersection(layers[first].parameters()))
    return first


def find_blocks(network):
    """Return the longest list of layers in a network, or None."""
    lists = [
        part
        for part in network.modules()
        if isinstance(part, (nn.ModuleList, nn.Sequential)) and len(part)
    ]
    return max(lists, key=len, default=None)


def find_layers(network, blocks):
    """Return the layers from input to output, a list of modules.

    They are the blocks, and what lies before and behind them.

    Parameters
    ----------
    network : nn.Module
    blocks : nn.ModuleList, nn.Sequential or None
        As `find_blocks` gives them.
    """
    layers = []

    def walk(part):
        for child in part.children():
            if blocks is not None and (
                child is blocks or any(below is blocks for below in child.modules())
            ):
                walk(child)
            elif any(True for _ in child.parameters()):
                layers.append(child)

    walk(network)
    return layers or [network]
