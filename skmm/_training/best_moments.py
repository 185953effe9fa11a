"""Each head's weights at its best epoch."""

import numpy as np

from skmm._nn.freezing import is_learnable


class HeadKeeper:
    """Each head at its own best epoch.

    Parameters
    ----------
    module : MultimodalModule
    patience : int or float
        Epochs without a better validation loss after which a head rests.
    """

    def __init__(self, module, patience):
        self.module = module
        self.patience = patience
        self.best_loss = dict.fromkeys(module.heads, np.inf)
        self.best_epoch = dict.fromkeys(module.heads, 0)
        self.logits = {}
        self._best = {}
        for head in module.heads:
            self._save(head)

    def update(self, epoch, losses, logits):
        """Take the validation result of an epoch; return the heads that still learn."""
        for head, loss in losses.items():
            if loss < self.best_loss[head]:
                self.best_loss[head] = loss
                self.best_epoch[head] = epoch
                self.logits[head] = logits[head]
                self._save(head)
        return [
            head
            for head in self.module.active
            if epoch - self.best_epoch[head] < self.patience
        ]

    def keep_all(self, epoch):
        """Without validation rows: the newest weights are the best known."""
        for head in self.module.active:
            self.best_epoch[head] = epoch
            self._save(head)

    def restore(self):
        """Put the best weights back into the module."""
        for head, saved in self._best.items():
            for tensor, best in zip(self._tensors(head), saved):
                tensor.copy_(best)
        self.module.active = list(self.module.heads)

    def forget_weights(self):
        """Free the copies once training is over; the logits are still needed."""
        self._best.clear()

    def _save(self, head):
        if head in self._best:  # into the same memory: a table copy is the big part
            for best, tensor in zip(self._best[head], self._tensors(head)):
                best.copy_(tensor)
        else:
            self._best[head] = [tensor.clone() for tensor in self._tensors(head)]

    def _tensors(self, head):
        module = self.module.heads[head]
        learned = filter(is_learnable, module.parameters())
        return [tensor.detach() for tensor in (*learned, *module.buffers())]
