"""Each head's weights at its best epoch."""

import numpy as np

from skmm._nn.freezing import is_learnable


class BestMoments:
    """The weights of each head at its own best epoch.

    Parameters
    ----------
    heads : dict of str to nn.Module
    patience : int or float
        Epochs without a better validation loss after which a head stops.
    start : int, default=0
        Epochs that were trained before.

    Attributes
    ----------
    epochs : dict of str to float
        Each head's best epoch, counted from 1; a half where it was best halfway
        through an epoch, `start` where no epoch was better than the first weights.
    logits : dict of str to ndarray of shape (n_valid, n_logits)
        Of the validation rows, at that moment.
    """

    def __init__(self, heads, patience, start=0):
        self.patience = patience
        self.best = dict.fromkeys(heads, np.inf)
        self.losses = dict.fromkeys(heads, np.inf)
        self.epochs = dict.fromkeys(heads, start)
        self.logits = {}
        # The same tensors from first to last: a callback may freeze one in between.
        self._tensors = {name: _learned_tensors(head) for name, head in heads.items()}
        self._saved = {}
        for head in heads:
            self._save(head)

    def update(self, epoch, losses, logits, measures=None):
        """Take the validation result of a moment.

        Parameters
        ----------
        epoch : float
        losses : dict of str to float
        logits : dict of str to ndarray
        measures : dict of str to float, default=None
            What is to become small; None stands for the losses.
        """
        measures = losses if measures is None else measures
        for head, loss in losses.items():
            if measures[head] < self.best[head]:
                self.best[head] = measures[head]
                self.losses[head] = loss
                self.epochs[head] = epoch
                self.logits[head] = logits[head]
                self._save(head)

    def still_learn(self, epoch, heads):
        """Return those of the heads whose best epoch is not too long ago.

        Parameters
        ----------
        epoch : int
        heads : list of str
        """
        return [head for head in heads if epoch - self.epochs[head] < self.patience]

    def keep_all(self, epoch, heads):
        """Without validation rows: the newest weights are the best known.

        Parameters
        ----------
        epoch : int
        heads : list of str
        """
        for head in heads:
            self.epochs[head] = epoch
            self._save(head)

    def restore(self, heads):
        """Put the best weights of some heads back into their modules.

        Parameters
        ----------
        heads : list of str
        """
        for head in heads:
            for tensor, best in zip(self._tensors[head], self._saved[head]):
                tensor.copy_(best)

    def forget_weights(self):
        """Free the copies once training is over; the logits are still needed."""
        self._saved.clear()
        self._tensors.clear()

    def _save(self, head):
        if head in self._saved:  # into the same memory: a table's copy is the big part
            for best, tensor in zip(self._saved[head], self._tensors[head]):
                best.copy_(tensor)
        else:
            self._saved[head] = [tensor.clone() for tensor in self._tensors[head]]


def _learned_tensors(module):
    learned = filter(is_learnable, module.parameters())
    return [tensor.detach() for tensor in (*learned, *module.buffers())]
