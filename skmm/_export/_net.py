"""The heads that a net trains, as one module from arrays to logits."""

import copy
import dataclasses
from typing import Any, NamedTuple

import torch
from torch import nn

from skmm._export._parts import Leaf, parts_of
from skmm._export._recurrent import RecurrentNet
from skmm._nn.sequence import Recurrent
from skmm._nn.sparse import BagTable
from skmm._training.heads._fused import as_encoded, fold_members
from skmm.augmentation._text import PADDING
from skmm.encoders._base import Encoded
from skmm.encoders._deep import EncoderModule


class Net(nn.Module):
    """Heads of a net at rest, from the inputs of the graph to logits.

    What a module decides in Python by looking at a batch cannot be exported: here the
    encoders see all rows, and where a row lacks the modality the result is cleared.

    Parameters
    ----------
    module : MultimodalModule
        It is copied.
    encoders : dict of str to Encoder
        Fitted.
    heads : list of str
    """

    def __init__(self, module, encoders, heads):
        super().__init__()
        self.parts = {
            name: parts_of(name, encoder, set(heads))
            for name, encoder in encoders.items()
        }
        module = copy.deepcopy(module).cpu()
        module.autocast = False
        module.rest()
        self.dtype = module.dtype
        self.heads = nn.ModuleDict({n: _replace(module.heads[n]) for n in heads})
        self.requires_grad_(False)

    @property
    def leaves(self):
        """The inputs that it takes, a list of Leaf, in their order."""
        found = []
        for name, parts in self.parts.items():
            found.append(Leaf(f"{name}.present", "bool", ("n",)))
            for part in parts:
                found += part.leaves()
        return found

    def forward(self, *arrays):
        """Return the logits of each head, a tuple of float64 (n, n_logits)."""
        inputs = dict(zip((leaf.name for leaf in self.leaves), arrays, strict=True))
        rows = {}
        for name, parts in self.parts.items():
            present = inputs[f"{name}.present"]
            read = [_prepare(part.read(inputs), self.dtype, present) for part in parts]
            rows[name] = Batch(parts, read, present, self.dtype)
        return tuple(self._run(name, rows).double() for name in self.heads)

    def _run(self, name, rows):
        head = self.heads[name]
        if name == "wide":
            return head(rows).logits
        encoded = [
            _encode(encoder, rows[modality])
            for modality, encoder in zip(head.names, head.encoders)
        ]
        present = torch.stack([rows[one].present for one in head.names], dim=1)
        sizes = [one.members.shape[1] for one in encoded if one.members is not None]
        k = max(sizes, default=1)
        if k > 1:
            encoded = [fold_members(one, k) for one in encoded]
            present = present.repeat_interleave(k, 0)
        fused = head._fuse(encoded, present)
        if head.output is not None:
            fused = dataclasses.replace(fused, logits=head.output(fused.embedding))
        if k > 1:
            fused = head._unfold(fused, k)
        return fused.logits


class Batch:
    """What modules take for a block: its parts, without a question to them."""

    complete = True

    def __init__(self, parts, arrays, present, dtype):
        self._by_place = {part.place: one for part, one in zip(parts, arrays)}
        self.arrays = arrays
        self.present = present
        self.dtype = dtype

    def __getitem__(self, place):
        return self._by_place[place]


class Entries(NamedTuple):
    """Sparse features: entry by entry, with the row of each."""

    indices: Any
    values: Any
    rows: Any
    like: Any


class EntriesTable(nn.Module):
    """A :class:`BagTable` without what only torch can do.

    Parameters
    ----------
    table : BagTable
    """

    def __init__(self, table):
        super().__init__()
        weight = table.weight.detach()
        if table.trust is not None:
            weight = weight * table.trust[:, None]
        self.register_buffer("weight", weight)

    def forward(self, entries, dtype):
        found = nn.functional.embedding(entries.indices, self.weight)
        found = found * entries.values[:, None]
        sums = found.new_zeros(entries.like.shape[0], found.shape[1])
        rows = entries.rows[:, None].expand(-1, found.shape[1])
        return sums.scatter_add(0, rows, found).to(dtype)


def _replace(module):
    """Put what can be exported in the place of what cannot."""
    for name, child in module.named_children():
        if isinstance(child, BagTable):
            setattr(module, name, EntriesTable(child))
        elif isinstance(child, Recurrent):
            setattr(module, name, RecurrentNet(child))
        else:
            _replace(child)
    return module


def _prepare(array, dtype, present):
    """Return an input as modules take it."""
    if isinstance(array, tuple) and len(array) == 3:
        indices, values, offsets = array
        return Entries(indices, values, _rows_of(offsets, indices), present)
    if not isinstance(array, tuple) and array.is_floating_point():
        return array.to(dtype)
    return array


def _rows_of(offsets, indices):
    """Return the row of each entry."""
    # Where the next row's begin; behind the last one is an entry that is cut off.
    begins = offsets[1:]
    marks = torch.zeros_like(torch.cat([indices, offsets[:1]]))
    marks = marks.scatter_add(0, begins, torch.ones_like(begins))
    return marks.cumsum(0)[:-1]


def _encode(encoder, batch):
    """Return what an encoder's module makes of a batch; zeros where it is absent."""
    if not isinstance(encoder, EncoderModule):
        return as_encoded(encoder(batch))
    encoded = as_encoded(encoder.encode(*_read(encoder, batch)))
    found = []
    for one in encoded:
        if one is not None and one.is_floating_point():
            there = batch.present.reshape(-1, *[1] * (one.dim() - 1))
            one = torch.where(there, one, 0).to(batch.dtype)
        found.append(one)
    return Encoded._make(found)


def _read(encoder, batch):
    """Return what ``EncoderModule.read`` does, of arrays that are padded already."""
    (array,) = batch.arrays[:1]
    if isinstance(array, tuple):  # a series and its lengths
        steps, lengths = array
        # One that is not there has a step, which is cleared: a mean over none is none.
        lengths = lengths.clamp(min=1)
        places = torch.arange(steps.shape[1], device=steps.device)
        return steps.float().transpose(1, 2), places < lengths[:, None]
    if array.dtype == torch.int64:
        return array, array != PADDING
    return encoder.read(array)
