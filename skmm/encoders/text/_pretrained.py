"""Pretrained networks of texts inside the estimator: frozen features, or tuned."""

import torch
import torch.nn.functional as F

from skmm._nn.freezing import freeze_for_good
from skmm._pretrained.adapting import adapt
from skmm.encoders._deep import EncoderModule
from skmm.encoders.text._tokens import collect, pad


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
        """Return all ids, one text after the other, and how many each text has."""

        def encode(some):
            return self.tokenizer(
                some,
                add_special_tokens=False,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,
            )["input_ids"]

        return collect(texts, encode)


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
    adapt(network, "text", tune, rank=rank, layer_decay=layer_decay)
    if tune == "full" and freeze_embeddings:
        freeze_for_good(network.get_input_embeddings())


def checkpoint_layers(network):
    """Compute layers a second time in the backward pass."""
    # The second is its name in former versions of transformers.
    for name in ("activation_checkpointing_enable", "gradient_checkpointing_enable"):
        if hasattr(network, name):
            return getattr(network, name)({"use_reentrant": False})
