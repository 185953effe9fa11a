"""Steps that learn from rows that are changed to be hard."""

import torch

from skmm._nn.seeding import Draws
from skmm._training.losses import total_loss
from skmm._training.perturbation import (
    Perturbation,
    can_change,
    divergence,
    read_radii,
)
from skmm._training.steps import Step
from skmm._utils.validation import check_options
from skmm.augmentation._adversarial import make_adversarial
from skmm.modalities._resolver import check_names

#: Share of the radius from which a divergence is followed: at 0 it has no slope.
_NEARBY = 0.1
#: What several steps of PGD come to, in radii; as in the paper.
_WAY = 2.5


def make_step_of(given):
    """Return the step that ``adversarial=`` stands for.

    Parameters
    ----------
    given : str or Adversarial

    Returns
    -------
    step : AdversarialStep
    """
    given = make_adversarial(given)
    check_options(given)
    return FreeStep(given) if given.kind == "free" else AdversarialStep(given)


class AdversarialStep(Step):
    """Add what is lost on changed rows to the loss of the rows as they are.

    Only the fused head is attacked, and learns from it: heads that are solved do not
    learn by steps.

    Parameters
    ----------
    adversarial : Adversarial
    """

    def __init__(self, adversarial):
        self.adversarial = adversarial
        self.kind = adversarial.kind

    def begin(self, net, rows):
        if "fused" not in net.module_.heads:
            raise ValueError(
                f"adversarial={self.kind!r} is about the head 'fused', and heads= "
                "leaves that out. Add 'fused', or leave adversarial=None."
            )
        self.fused = net.module_.heads["fused"]
        radius = self.adversarial.radius
        if radius is not None:
            check_names(radius, self.fused.names, "radius")
        self.radii = read_radii(self.fused, radius)
        encoders = dict(zip(self.fused.names, self.fused.encoders))
        fixed = [n for n in self.radii if not can_change(encoders[n], rows.blocks[n])]
        if (radius is not None and fixed) or len(fixed) == len(self.radii):
            raise ValueError(
                f"adversarial={self.kind!r}: nothing can be changed of {fixed}, which "
                "have categories alone. Leave them out of radius=, or leave "
                "adversarial=None."
            )

    def __call__(self, net, batch):
        draws = Draws(net.device, foreign=net.runs_foreign_layers)
        outputs = net.infer(batch.blocks)
        loss, losses = net.get_loss(outputs, batch.y, training=True)
        if "fused" in outputs:
            found = self.attack(net, batch, outputs["fused"], draws)
            added = self.penalty(net, batch, outputs["fused"], found)
            loss = loss + self.adversarial.weight * added
        loss.backward()
        return {"loss": losses, "y_pred": outputs}

    def attack(self, net, batch, clean, draws):
        """Return the fused head's output for changed rows.

        Parameters
        ----------
        net : MultimodalNet
        batch : Batch
        clean : HeadOutput
            Of the rows as they are.
        draws : Draws
        """
        steps, kind = self.adversarial.count_steps(), self.kind
        start = {"pgd": 1.0, "vat": _NEARBY, "trades": _NEARBY}.get(kind, 0.0)
        perturbation = Perturbation(self.fused, self.radii, start)
        known = _detach(clean)
        for i in range(steps):
            found = self.run(net, batch, perturbation, draws)
            if kind in ("vat", "trades"):
                loss = (divergence(net.targets, known, found) * batch.y[1]).mean()
            else:
                loss = self.loss(net, batch, found)
            if kind == "vat":
                # Power iteration: only the direction goes on, and in the end all of
                # the radius is gone along it.
                perturbation.turn(loss, 1.0 if i + 1 == steps else _NEARBY)
            else:
                perturbation.climb(loss, 1.0 if steps == 1 else _WAY / steps)
        perturbation.rest()
        return self.run(net, batch, perturbation, draws)

    def run(self, net, batch, perturbation, draws):
        """Return the fused head's output with what is added, all else as before."""
        draws.again()

        def call(blocks):
            with net.module_.cast_automatically():
                return net.module_(blocks, ["fused"])["fused"]

        return perturbation.run(call, batch.blocks)

    def loss(self, net, batch, output):
        """Return the fused head's loss for the target, without what alignments add."""
        output = output._replace(loss=None)
        return total_loss(net.learned, {"fused": output}, batch.y)[0]

    def penalty(self, net, batch, clean, found):
        """Return what is added to the loss.

        Parameters
        ----------
        net : MultimodalNet
        batch : Batch
        clean, found : HeadOutput
            Of the rows as they are, and as they were changed.
        """
        if self.kind in ("fgm", "pgd"):
            return self.loss(net, batch, found)
        known = _detach(clean) if self.kind == "vat" else clean
        return (divergence(net.targets, known, found) * batch.y[1]).mean()


class FreeStep(AdversarialStep):
    """Learn from a batch several times, and change its rows by the same gradients."""

    def __call__(self, net, batch):
        draws = Draws(net.device, foreign=net.runs_foreign_layers)
        perturbation = Perturbation(self.fused, self.radii)
        learns = "fused" in net.active_
        steps = self.adversarial.count_steps() if learns else 1
        for _ in range(steps - 1):
            found = self.run(net, batch, perturbation, draws)
            total_loss(net.learned, {"fused": found}, batch.y)[0].backward()
            perturbation.climb_by_backward(1.0)
            # The weights move here, and after the last replay where they always do.
            net.optimizer_.step()
            net.optimizer_.zero_grad()
        perturbation.rest()
        draws.again()
        outputs = perturbation.run(net.infer, batch.blocks)
        if steps > 1 and len(outputs) > 1:
            # The siblings learn from rows as they are.
            others = [head for head in net.active_ if head != "fused"]
            with net.module_.cast_automatically():
                outputs |= net.module_(batch.blocks, others)
        loss, losses = net.get_loss(outputs, batch.y, training=True)
        loss.backward()
        return {"loss": losses, "y_pred": outputs}


@torch.no_grad()
def _detach(output):
    auxiliary = output.auxiliary
    return output._replace(
        logits=output.logits.detach(),
        auxiliary=None if auxiliary is None else auxiliary.detach(),
    )
