"""Gradients of the fused head and of a modality's own head that do not conflict."""

import torch

from skmm._training.balance import BalancedStep

#: How much longer a gradient that was turned is than the sum of both, as in the paper.
_STRETCH = 1.5


class ParetoStep(BalancedStep):
    """Each encoder learns by a gradient along which neither of two losses rises [1]_.

    One is the loss of the fused head, the other that of the modality's own head. Where
    their gradients point in similar directions they are added; where they conflict,
    the shortest vector between them is taken, and made longer.

    References
    ----------
    .. [1] Wei, Hu: MMPareto: Boosting Multimodal Learning with Innocent Unimodal
       Assistance, ICML 2024.
    """

    name = "balance='pareto'"

    def descend(self, net, outputs, batch, loss, own):
        loss.backward(retain_graph=True)
        encoders = [
            [p for p in encoder.parameters() if p.requires_grad]
            for encoder in self.fused.encoders
        ]
        heads = list(self.fused.own_heads.parameters())
        wanted = [*(p for some in encoders for p in some), *heads]
        found = torch.autograd.grad(own.sum(), wanted, allow_unused=True)
        found = dict(zip(wanted, found))
        for parameter in heads:
            parameter.grad = found[parameter]
        for some in encoders:
            pairs = [(p, p.grad, found[p]) for p in some]
            _combine([pair for pair in pairs if pair[2] is not None])


@torch.no_grad()
def _combine(pairs):
    """Put one gradient in the place of two, for the parameters of one encoder.

    Parameters
    ----------
    pairs : list of (Parameter, tensor or None, tensor)
        The gradients of the fused head's loss and of the own head's.
    """
    both = [(a, b) for _, a, b in pairs if a is not None]
    product = sum((a * b).sum() for a, b in both)
    fused = sum(a.square().sum() for a, _ in both)
    own = sum(b.square().sum() for _, _, b in pairs)
    if not both:  # frozen, or nothing of it reaches the fused head
        for parameter, _, b in pairs:
            parameter.grad = b
        return
    # Of the vectors between both, the shortest; it lowers both losses.
    distance = (fused + own - 2 * product).clamp(min=1e-20)
    share = ((own - product) / distance).clamp(0, 1)
    shortest = share**2 * fused + (1 - share) ** 2 * own
    shortest = (shortest + 2 * share * (1 - share) * product).clamp(min=1e-20)
    length = (fused + own + 2 * product).clamp(min=0)
    stretch = _STRETCH * (length / shortest).sqrt()
    conflicts = product < 0
    one = torch.ones_like(share)
    of_fused = torch.where(conflicts, share * stretch, one)
    of_own = torch.where(conflicts, (1 - share) * stretch, one)
    for parameter, a, b in pairs:
        mixed = of_own * b
        parameter.grad = mixed if a is None else mixed.add_(of_fused * a)
