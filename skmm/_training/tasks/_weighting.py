"""Steps that weigh the losses of several tasks against each other."""

import numpy as np
import torch

from skmm._training.losses import head_losses, total_loss
from skmm._training.steps import Step

#: How much faster than the net the weights learn: they are few, and so are the steps.
_RATE = 10.0
#: Of GradNorm: how strongly tasks that learn slowly are preferred, and the rate of the
#: weights, as in the paper's experiments.
_ASYMMETRY, _GRADNORM_RATE = 1.5, 0.025


class UncertaintyStep(Step):
    """Learn each task's noise beside the net, and weigh its loss by the inverse [1]_.

    References
    ----------
    .. [1] Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses
       for Scene Geometry and Semantics, CVPR 2018.
    """

    def begin(self, net, rows):
        n_tasks = len(net.targets.tasks)
        self.log_noise = torch.zeros(n_tasks, device=net.device, requires_grad=True)
        rate = _RATE * net.lr
        net.optimizer_.add_param_group(
            {
                "params": [self.log_noise],
                "lr": rate,
                "initial_lr": rate,
                "weight_decay": 0.0,
                "head": "fused",
            }
        )

    def __call__(self, net, batch):
        outputs = net.infer(batch.blocks)
        loss, losses = _weighted_loss(net, outputs, batch, torch.exp(-self.log_noise))
        if "fused" in outputs:
            loss = loss + self.log_noise.sum()
        loss.backward()
        return {"loss": losses, "y_pred": outputs}


class _GradientStep(Step):
    """Base of the steps that look at the gradients of the shared embedding."""

    def begin(self, net, rows):
        self.factors = torch.ones(len(net.targets.tasks), device=net.device)

    def __call__(self, net, batch):
        outputs = net.infer(batch.blocks)
        if "fused" in outputs:
            losses, gradients = self._look(net, outputs["fused"], batch.y)
            self.factors = self._weigh(losses, gradients).to(self.factors)
        loss, losses = _weighted_loss(net, outputs, batch, self.factors)
        loss.backward()
        return {"loss": losses, "y_pred": outputs}

    def _look(self, net, output, y):
        """Return each task's loss, and its gradient of the embedding, one a row."""
        losses, gradients = [], []
        n_tasks = len(net.targets.tasks)
        # What fusions and alignments add belongs to no task.
        output = output._replace(loss=None)
        for row in torch.eye(n_tasks, device=net.device):
            loss, _ = total_loss(net.targets.weighted(row), {"fused": output}, y)
            (gradient,) = torch.autograd.grad(
                loss, output.embedding, retain_graph=True, allow_unused=True
            )
            if gradient is None:
                raise ValueError(
                    "task_weighting='gradnorm' and 'pareto' look at the gradients of "
                    "the fused embedding, from which this net does not predict: its "
                    "fusion decides by itself (late fusion), or an encoder has several "
                    "members. Take 'uncertainty' or 'equal', or another fusion."
                )
            losses.append(loss.detach())
            gradients.append(gradient.flatten().double())
        return torch.stack(losses).double().cpu(), torch.stack(gradients)

    def _weigh(self, losses, gradients):
        """Return the tasks' factors, a tensor (n_tasks,)."""
        raise NotImplementedError


class GradNormStep(_GradientStep):
    """Bring the tasks' gradients to norms by which they learn at like rates [1]_.

    The gradients are those of the fused embedding, which all tasks share. Losses are
    in units of the constant's, so that at first each is about 1.

    References
    ----------
    .. [1] Chen, Badrinarayanan, Lee, Rabinovich: GradNorm: Gradient Normalization for
       Adaptive Loss Balancing in Deep Multitask Networks, ICML 2018.
    """

    def _weigh(self, losses, gradients):
        factors = self.factors.double().cpu()
        norms = gradients.norm(dim=1).cpu()
        own = factors * norms
        rates = losses / losses.mean().clamp(min=1e-12)
        wanted = own.mean() * rates.clamp(min=0) ** _ASYMMETRY
        factors = factors - _GRADNORM_RATE * torch.sign(own - wanted) * (
            norms / norms.mean().clamp(min=1e-12)
        )
        factors = factors.clamp(min=1e-3)
        return factors * len(factors) / factors.sum()


class ParetoStep(_GradientStep):
    """Go where no task becomes worse: the shortest mean of the gradients [1]_.

    The gradients are those of the fused embedding, which bound those of the encoders.
    The weights are scaled to a mean of 1.

    References
    ----------
    .. [1] Sener, Koltun: Multi-Task Learning as Multi-Objective Optimization, NeurIPS
       2018.
    """

    def _weigh(self, losses, gradients):
        weights = shortest_mean((gradients @ gradients.T).cpu().numpy())
        return torch.from_numpy(weights * len(weights))


def shortest_mean(products, n_steps=100):
    """Return the weights of the shortest convex combination, by Frank and Wolfe's way.

    Parameters
    ----------
    products : ndarray of shape (n, n)
        Inner products of the vectors.
    n_steps : int, default=100

    Returns
    -------
    weights : ndarray of shape (n,)
        Not negative, of the sum 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm._training.tasks._weighting import shortest_mean
    >>> shortest_mean(np.diag([1.0, 4.0]))
    array([0.8, 0.2])
    """
    n = len(products)
    weights = np.full(n, 1 / n)
    for _ in range(n_steps):
        slope = products @ weights
        corner = int(slope.argmin())
        # The best point of the way from here to that corner.
        away = weights @ slope - slope[corner]
        length = products[corner, corner] - 2 * slope[corner] + weights @ slope
        if length <= 0 or away <= 1e-9 * max(weights @ slope, 1e-300):
            break
        share = min(away / length, 1.0)
        weights = (1 - share) * weights
        weights[corner] += share
    return weights


def _weighted_loss(net, outputs, batch, factors):
    """Return what is minimised, and each head's loss as if all factors were 1.

    Factors are for the fused head, where the tasks share weights.
    """
    shared = {name: out for name, out in outputs.items() if name == "fused"}
    apart = {name: out for name, out in outputs.items() if name != "fused"}
    loss, losses = 0.0, []
    if shared:
        loss = total_loss(net.targets.weighted(factors), shared, batch.y)[0]
        with torch.no_grad():
            losses.append(head_losses(net.targets, shared, batch.y))
    if apart:
        more, alone = total_loss(net.targets, apart, batch.y)
        loss = loss + more
        losses.append(alone)
    return loss, torch.cat(losses)


#: What ``task_weighting`` names; a dict of factors is in the targets.
WEIGHTINGS = {
    "equal": Step,
    "uncertainty": UncertaintyStep,
    "gradnorm": GradNormStep,
    "pareto": ParetoStep,
}


def make_task_step(options):
    """Return the step of one training.

    Parameters
    ----------
    options : dict
        The estimator's parameters.
    """
    weighting = options["task_weighting"]
    return Step() if isinstance(weighting, dict) else WEIGHTINGS[weighting]()
