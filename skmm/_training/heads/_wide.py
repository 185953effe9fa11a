"""The wide head: a linear model over every modality's features."""

import torch
from torch import nn

from skmm._training.heads._base import HeadOutput, NetHead, set_bias


class WideHead(NetHead):
    """The sum of the modalities' linear shortcuts, trained by steps."""

    name = "wide"
    shares_nothing = True

    def build_module(self, spec):
        """Build the shortcuts; None where no encoder has one."""
        n_outputs = spec.targets.n_logits
        wide = {name: e.build_wide(n_outputs) for name, e in spec.encoders.items()}
        wide = {name: module for name, module in wide.items() if module is not None}
        return WideModule(wide, n_outputs) if wide else None


class WideModule(nn.Module):
    """The sum of the modalities' linear shortcuts.

    Parameters
    ----------
    shortcuts : dict of str to nn.Module
    n_outputs : int
    """

    weight_decays = False  # early stopping is what holds a linear head back

    def __init__(self, shortcuts, n_outputs):
        super().__init__()
        self.names = list(shortcuts)
        self.shortcuts = nn.ModuleList(shortcuts.values())
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def forward(self, blocks):
        logits = self.bias
        for name, shortcut in zip(self.names, self.shortcuts):
            block = blocks[name]
            # Not a product with 0, which keeps what is no number.
            logits = logits + torch.where(block.present[:, None], shortcut(block), 0)
        return HeadOutput(logits)

    def set_bias(self, prior):
        set_bias(self.bias, prior)
