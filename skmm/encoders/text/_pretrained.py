"""Pretrained networks of texts inside the estimator: frozen features, or tuned."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from skmm._nn.freezing import freeze_for_good, scale_layers
from skmm.encoders._deep import EncoderModule
from skmm.encoders.text._tokens import collect, pad

#: Times the estimator's learning rate, which is 3e-3 by default. "full" is the rate
#: that TextEmbedder takes; "lora" a third of its.
LEARNING_RATE_SCALES = {"head": 0.1, "lora": 0.3, "full": 0.1}
#: Tokens that a network reads where it does not tell.
_LIMIT = 512


class TunedModule(EncoderModule):
    """A pretrained network that goes on learning, behind it a readout.

    Parameters
    ----------
    network : nn.Module
        Of transformers.
    readout : Readout
    special : SpecialIds
    augment : callable or None
    """

    chunk_size = 64

    def __init__(self, network, readout, special, augment=None):
        super().__init__(readout.width, augment)
        self.network = network
        self.readout = readout
        self.special = special

    def read(self, tokens, *_):
        return pad(tokens, self.special.padding)

    def encode(self, ids, mask):
        ids, mask = self.special.enclose(ids, mask)
        states = self.network(input_ids=ids, attention_mask=mask.long())
        return self.readout(states.last_hidden_state, mask)


class SpecialIds:
    """The ids around and between texts.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    """

    def __init__(self, tokenizer):
        def first(*ids):
            return next((i for i in ids if i is not None), None)

        self.start = first(tokenizer.cls_token_id, tokenizer.bos_token_id)
        self.end = first(tokenizer.sep_token_id, tokenizer.eos_token_id)
        self.padding = first(tokenizer.pad_token_id, self.end, 0)
        self.separator = first(self.end, self.padding)
        self.unknown = first(tokenizer.unk_token_id, self.separator)

    @property
    def count(self):
        """How many stand around a row."""
        return (self.start is not None) + (self.end is not None)

    def enclose(self, ids, mask):
        """Put the first one before each row, and the last one behind."""
        if self.start is not None:
            ids = F.pad(ids, (1, 0), value=self.start)
            mask = F.pad(mask, (1, 0), value=True)
        if self.end is not None:
            lengths = mask.sum(1, keepdim=True)
            ids = F.pad(ids, (0, 1), value=self.padding)
            mask = F.pad(mask, (0, 1), value=False)
            ids = ids.scatter(1, lengths, self.end)
            mask = mask.scatter(1, lengths, True)
        return torch.where(mask, ids, self.padding), mask


class PretrainedTokens:
    """What a network's own tokenizer makes of texts, without special ids.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, texts):
        """Give all ids, one text after the other, and how many each text has."""

        def encode(some):
            return self.tokenizer(
                some,
                add_special_tokens=False,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,
            )["input_ids"]

        return collect(texts, encode)


def load_network(model, revision):
    """Load a sentence-transformers model to be changed.

    Returns
    -------
    network : nn.Module
        The transformers network in it.
    tokenizer : transformers tokenizer
    limit : int
        Tokens that it reads, special ones counted.

    Raises
    ------
    ValueError
        If it is none of transformers.
    """
    from skmm._pretrained.sources import load_sentence_model

    sentence_model = load_sentence_model(model, "cpu", revision)
    network = getattr(sentence_model[0], "auto_model", None)
    if network is None or _find_layers(network) is None:
        raise ValueError(
            f"model={model!r} is no transformer network whose layers could be tuned. "
            "Take another, or tune='frozen'."
        )
    if not isinstance(model, str):
        network = copy.deepcopy(network)  # an object stays as it is
    limit = min(sentence_model.max_seq_length or _LIMIT, _LIMIT)
    return network.float().cpu(), sentence_model.tokenizer, limit


def prepare_network(network, tune, *, rank, layer_decay, freeze_embeddings):
    """Settle what learns, and how fast.

    Parameters
    ----------
    network : nn.Module
        Changed.
    tune : {"head", "lora", "full"}
    rank : int
        Of the low-rank additions.
    layer_decay : float
        Learning rate of a layer by that of the next.
    freeze_embeddings : bool
        Whether the table of words stays as it is, with "full".
    """
    if getattr(network, "pooler", None) is not None:
        network.pooler = None  # of the sentence's first token, for another task
    layers = _find_layers(network)
    embeddings = _find_embeddings(network)
    if tune == "head":
        _freeze_all_but(network, list(layers[-1].modules()))
        for part in (*embeddings, *layers[:-1]):  # without their dropout
            freeze_for_good(part)
    elif tune == "lora":
        _freeze_all_but(network, [])
        _add_low_rank(layers, rank)
    elif freeze_embeddings:
        freeze_for_good(network.get_input_embeddings())
    scale_layers([*embeddings, *layers], layer_decay)
    network.learning_rate_scale = LEARNING_RATE_SCALES[tune]
    return network


def checkpoint_layers(network):
    """Compute layers a second time in the backward pass."""
    # The second is its name in former versions of transformers.
    for name in ("activation_checkpointing_enable", "gradient_checkpointing_enable"):
        if hasattr(network, name):
            return getattr(network, name)({"use_reentrant": False})


def _find_layers(network):
    """Give the longest list of layers in a network, or None."""
    lists = [part for part in network.modules() if isinstance(part, nn.ModuleList)]
    lists = [layers for layers in lists if len(layers)]
    return max(lists, key=len) if lists else None


def _find_embeddings(network):
    """Give the part of the network that holds the table of words, in a list."""
    table = network.get_input_embeddings()
    layers = set(_find_layers(network).modules())
    for child in network.children():
        parts = set(child.modules())
        if table in parts and not parts & layers:
            return [child]
    return []


def _freeze_all_but(network, kept):
    kept = set(kept)
    for part in network.modules():
        # The parts that hold weights alone: dropout goes on where something learns.
        if part not in kept and next(part.parameters(recurse=False), None) is not None:
            for parameter in part.parameters(recurse=False):
                parameter.requires_grad_(False)


def _add_low_rank(layers, rank):
    for layer in layers:
        for part in list(layer.modules()):
            for name, child in list(part.named_children()):
                if isinstance(child, nn.Linear):
                    setattr(part, name, LowRank(child, rank))


class LowRank(nn.Module):
    """A linear layer that stands still, and a low-rank one that is added.

    Parameters
    ----------
    linear : nn.Linear
    rank : int

    References
    ----------
    Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
    """

    def __init__(self, linear, rank):
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    @property
    def weight(self):
        """For networks that ask a linear layer for its type."""
        return self.linear.weight

    def forward(self, x):
        # Twice, as is usual: the rates that people know hold for it.
        return self.linear(x) + 2 * F.linear(F.linear(x, self.down), self.up)
