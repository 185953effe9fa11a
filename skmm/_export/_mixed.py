"""The heads of a net and their mixture, as one module."""

import torch
from torch import nn

from skmm._export._inputs import encoders_of, heads_of
from skmm._export._net import Net


class MixedNet(nn.Module):
    """What an estimator predicts whose heads are all trained by a net, as logits.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.
    """

    def __init__(self, estimator):
        super().__init__()
        encoders, heads = encoders_of(estimator), heads_of(estimator)
        members = estimator._learner.members
        self.nets = nn.ModuleList(Net(one.module, encoders, heads) for one in members)
        self.leaves = self.nets[0].leaves
        mixture = estimator._learner.mixture
        n_logits = estimator._targets.n_logits
        shifts = torch.zeros(n_logits, dtype=torch.float64)
        weights = torch.zeros(len(heads), n_logits, dtype=torch.float64)
        for j, group in enumerate(mixture.groups):
            shifts[group] = float(mixture.shifts[j])
            for h, head in enumerate(heads):
                place = mixture.heads.index(head)
                weights[h, group] = float(mixture.weights[j, place])
        self.register_buffer("shifts", shifts)
        self.register_buffer("weights", weights)
        priors = torch.stack([torch.as_tensor(one.prior) for one in members])
        self.register_buffer("priors", priors.double())

    def forward(self, *arrays):
        """Return the logits of rows, float64 (n, n_logits)."""
        named = zip(self.leaves, arrays)
        presents = [one for leaf, one in named if leaf.name.endswith(".present")]
        there = torch.stack(presents, dim=1).any(1, keepdim=True)
        total = 0.0
        for net, prior in zip(self.nets, self.priors):
            logits = self.shifts
            for weight, some in zip(self.weights, net(*arrays)):
                logits = logits + weight * some
            known = there & logits.isfinite().all(1, keepdim=True)
            total = total + torch.where(known, logits, prior)
        return total / len(self.nets)
