"""All heads that a net trains, as one torch module."""

import contextlib

import numpy as np
import torch
from torch import nn

from skmm._nn.declarations import declared
from skmm._nn.seeding import float32_by_default
from skmm._training.batches import Batches
from skmm._training.rows import Rows


class MultimodalModule(nn.Module):
    """Heads side by side: they share the batch and nothing else.

    Between two trainings the module is at rest: in evaluation mode, and on the CPU in
    float64, so that a row's result does not depend on its batch, to 1e-7 and better.
    Nothing of it changes then, and several threads may predict.

    Parameters
    ----------
    heads : dict of str to nn.Module
        The first is the fused head.

    Attributes
    ----------
    dtype : torch.dtype
        In which it computes.
    autocast : bool
        If True, it computes under bfloat16 autocast.
    rows_at_once : int
        Rows of a batch where nothing is learned.
    """

    def __init__(self, heads):
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.dtype = torch.float32
        self.autocast = False
        self.rows_at_once = 1024

    def forward(self, blocks, heads=None):
        """Return the outputs of some heads, a dict of str to HeadOutput.

        Parameters
        ----------
        blocks : dict of str to Block
        heads : list of str, default=None
            None stands for all.
        """
        blocks = {name: block.cast(self.dtype) for name, block in blocks.items()}
        return {
            name: self.heads[name](blocks)
            for name in (self.heads if heads is None else heads)
        }

    @property
    def device(self):
        """The device that its parameters lie on."""
        return next(self.parameters(), torch.empty(0)).device

    def cast_automatically(self):
        """Return the context in which it computes: autocast, or nothing."""
        if not self.autocast:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def run(self, blocks, heads, part):
        """Return one part of some heads' outputs for all rows.

        Parameters
        ----------
        blocks : dict of str to Block
        heads : list of str
        part : {"logits", "embedding", "weights"}

        Returns
        -------
        outputs : dict of str to ndarray of float64
            None of a head that does not give the part.
        """
        outputs = {head: [] for head in heads}
        # At rest first: weights cast in inference mode could not learn again.
        with (
            self.at_rest(),
            torch.inference_mode(),
            self.cast_automatically(),
            float32_by_default(),
        ):
            batches = Batches(Rows(blocks), self.rows_at_once, self.device)
            for batch in batches:
                for head, output in self(batch.blocks, heads).items():
                    outputs[head].append(_as_array(getattr(output, part)))
        return {
            head: None if parts[0] is None else batches.in_order(np.concatenate(parts))
            for head, parts in outputs.items()
        }

    @contextlib.contextmanager
    def at_rest(self):
        """Evaluate inside; where it was in training, it is so again outside."""
        if not self.training:
            yield
            return
        self.rest()
        try:
            yield
        finally:
            self.wake()

    def rest(self):
        """Evaluate from now on."""
        precise = self.device.type == "cpu" and not self.autocast
        self._set_dtype(torch.float64 if precise else torch.float32)
        self.eval()

    def wake(self):
        """Train from now on."""
        self._set_dtype(torch.float32)
        self.train()

    def _set_dtype(self, dtype):
        """Compute in another type, all but what declares ``keep_float32``."""
        if dtype != self.dtype:
            _cast(self, dtype)
            self.dtype = dtype


def _as_array(tensor):
    return None if tensor is None else tensor.double().cpu().numpy()


def _cast(module, dtype):
    if declared(module, "keep_float32"):
        return
    for child in module.children():
        _cast(child, dtype)
    for tensors in (module._parameters, module._buffers):
        for tensor in tensors.values():
            if tensor is not None and tensor.is_floating_point():
                tensor.data = tensor.data.to(dtype)
