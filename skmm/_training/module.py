"""All heads as one torch module."""

import torch
from torch import nn


class MultimodalModule(nn.Module):
    """All heads, side by side: they share the batch and nothing else.

    Parameters
    ----------
    heads : dict of str to nn.Module
        The first is the fused head.
    """

    def __init__(self, heads):
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.active = list(heads)
        self.dtype = torch.float32

    def forward(self, blocks):
        """Give the output of each active head: a dict of str to HeadOutput."""
        blocks = {name: block.cast(self.dtype) for name, block in blocks.items()}
        return {name: self.heads[name](blocks) for name in self.active}

    def set_dtype(self, dtype):
        """Compute in another type, all but the big tables (``keep_float32``).

        In float64 a row's outputs do not depend on its batch, to 1e-7 and better.
        """
        self.dtype = dtype
        self._cast(self, dtype)
        return self

    @classmethod
    def _cast(cls, module, dtype):
        if getattr(module, "keep_float32", False):
            return
        for child in module.children():
            cls._cast(child, dtype)
        for tensors in (module._parameters, module._buffers):
            for tensor in tensors.values():
                if tensor is not None and tensor.is_floating_point():
                    tensor.data = tensor.data.to(dtype)
