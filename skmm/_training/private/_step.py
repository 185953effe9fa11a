"""The step of a private training: DP-SGD."""

import torch

from skmm._training.private._accounting import find_noise_multiplier, spent_epsilon
from skmm._training.private._batches import PoissonBatches
from skmm._training.private._noise import make_noise
from skmm._training.private._norms import RowNorms
from skmm._training.steps import Step
from skmm.privacy import SpentPrivacy

#: Added to norms that are divided by, as by Opacus.
_EPSILON = 1e-6


class PrivateStep(Step):
    """Clip the gradient of each row, add them up, and add noise [1]_.

    What it tells of a step are no numbers: the losses of the training rows, and how
    many were in a batch, are not covered by the budget.

    Parameters
    ----------
    spec : PrivacySpec

    References
    ----------
    .. [1] Abadi et al.: Deep Learning with Differential Privacy, CCS 2016.
    """

    def __init__(self, spec):
        self.spec = spec
        self.n_steps = 0

    def begin(self, net, rows):
        self._norms = RowNorms(net.module_)
        device = torch.device(net.device)
        self._noise = make_noise(self.spec, device)
        batches = self.make_batches(net, rows)
        self.sample_rate = batches.sample_rate
        self.noise_multiplier = find_noise_multiplier(
            self.spec.epsilon,
            self.spec.delta,
            self.sample_rate,
            net.max_epochs * len(batches),
            self.spec.accountant,
        )

    def make_batches(self, net, rows):
        device = torch.device(net.device)
        return PoissonBatches(rows, net.batch_size, device, self._noise)

    def __call__(self, net, batch):
        if len(batch.rows):
            self._pass_back(net, batch.blocks, batch.y)
        scale = self.noise_multiplier * self.spec.max_grad_norm
        for parameter in net.module_.parameters():
            if not parameter.requires_grad:
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            noise = self._noise.normal_like(parameter)
            # By the mean size: the batch's own says who is in it.
            parameter.grad.add_(noise, alpha=scale).div_(net.batch_size)
        self.n_steps += 1
        losses = torch.full((len(net.active_),), torch.nan)
        return {"loss": losses, "y_pred": {}, "n_rows": net.batch_size}

    def _pass_back(self, net, blocks, y):
        """Leave the sum of the rows' clipped gradients in the parameters."""
        with self._norms.watching():
            losses = self._row_losses(net, blocks, y)
        norms = self._norms.of(losses)
        finite = torch.isfinite(norms)
        if not finite.all():
            # Clipped to nothing: one such row would be seen in all weights.
            rows = torch.nonzero(finite)[:, 0]
            if len(rows):
                blocks = {name: block.take(rows) for name, block in blocks.items()}
                self._pass_back(net, blocks, tuple(some[rows] for some in y))
            return
        shares = self.spec.max_grad_norm / (norms + _EPSILON)
        (shares.clamp(max=1.0) * losses).sum().backward()
        self._norms.check_gradients()

    def _row_losses(self, net, blocks, y):
        codes, weight = y
        [output] = net.infer(blocks).values()
        coupled = (output.loss, output.auxiliary, output.mixing)
        if any(one is not None for one in coupled):
            raise ValueError(
                "The fusion has a loss of its own, over all rows of a batch, and "
                "cannot be trained with privacy=. Take another, such as 'concat'."
            )
        return net.targets.row_loss(output.logits.float(), codes) * weight

    def has_diverged(self, net, losses):
        parameters = net.module_.parameters()
        return not all(bool(torch.isfinite(one).all()) for one in parameters)

    def record(self, net):
        net.history.record("epsilon", self.spent.epsilon)

    @property
    def spent(self):
        """What all steps until now have spent."""
        spec = self.spec
        epsilon = spent_epsilon(
            spec.delta,
            self.noise_multiplier,
            self.sample_rate,
            self.n_steps,
            spec.accountant,
        )
        return SpentPrivacy(
            epsilon,
            spec.delta,
            self.noise_multiplier,
            self.sample_rate,
            self.n_steps,
            spec.max_grad_norm,
            spec.accountant,
            spec.noise_seed is not None,
        )
