"""Losses weighed by how much their heads generalise, and how much they overfit."""

import numpy as np
import torch

from skmm._training.balance import BalancedStep
from skmm._training.batches import Batches
from skmm._training.losses import head_losses, own_losses

#: What the overfitting of an epoch cannot fall below, as a share of the loss at the
#: beginning: it is squared, and divided by.
_LEAST = 0.05


class BlendingStep(BalancedStep):
    """Weigh the losses of the fused and the own heads by Gradient-Blending [1]_.

    A head's weight is proportional to what its validation loss has fallen, divided by
    the square of how much further the loss of the training rows has fallen. Both are
    measured after each epoch, from the beginning of the training on; in the first
    epoch all weights are equal.

    Attributes
    ----------
    weights : tensor of shape (1 + M,)
        Of the fused head, and of each modality's own one; their mean is 1.

    References
    ----------
    .. [1] Wang, Tran, Feiszli: What Makes Training Multi-modal Classification Networks
       Hard?, CVPR 2020.
    """

    name = "balance='blending'"

    def begin(self, net, rows):
        super().begin(net, rows)
        valid = net.rows_of(training=False)
        if valid is None:
            raise ValueError(
                "balance='blending' weighs the modalities by the loss of validation "
                "rows, and there are none. Set validation=, or take balance='pareto'; "
                "partial_fit has no validation rows."
            )
        size = min(len(rows), len(valid))
        drawn = torch.randperm(len(rows), generator=net.generators.order)[:size]
        places = drawn.to(rows.device)
        blocks, (codes, weight) = rows.take(places, drawn.numpy())
        self.train = type(rows)(blocks, net.lesson.known(codes), weight)
        self.weights = torch.ones(1 + len(self.fused.names), device=codes.device)
        self.before = self.measure(net, self.train), self.measure(net, valid)

    def end_epoch(self, net):
        """Weigh anew, by the losses after an epoch."""
        train = self.measure(net, self.train)
        valid = self.measure(net, net.rows_of(training=False))
        weights = blend(*self.before, train, valid)
        self.weights = torch.from_numpy(weights).to(self.weights)

    def measure(self, net, rows):
        """Return the losses of the fused head and of the own heads, (1 + M,)."""
        training, sums = net.module_.training, 0.0
        net._set_training(False)
        device = torch.device(net.device)
        with torch.no_grad():
            for batch in Batches(rows, net.module_.rows_at_once, device):
                with net.module_.cast_automatically():
                    output = net.module_(batch.blocks, ["fused"])["fused"]
                fused = head_losses(net.targets, {"fused": output}, batch.y)
                losses = torch.cat([fused, own_losses(net.targets, output, batch.y)])
                sums = sums + losses.double() * len(batch.rows)
        net._set_training(training)
        return (sums / len(rows)).cpu().numpy()

    def descend(self, net, outputs, batch, loss, own):
        fused, rest = self.fused_loss(net, outputs, batch)
        blended = self.weights[0] * fused + (self.weights[1:] * own).sum()
        (blended + rest).backward()


def blend(train_before, valid_before, train, valid):
    """Return the weights of heads by their losses before and after, of the mean 1.

    Parameters
    ----------
    train_before, valid_before, train, valid : ndarray of shape (n_heads,)
    """
    gained = np.maximum(valid_before - valid, 1e-3 * valid_before)
    overfit = (valid - train) - (valid_before - train_before)
    overfit = np.maximum(np.abs(overfit), _LEAST * valid_before)
    weights = gained / overfit**2
    return weights / weights.mean()
