"""Training in which each modality has a head of its own beside the fused one."""

import importlib

from skmm._training.losses import own_losses, total_loss
from skmm._training.steps import Step

#: What ``balance=`` takes -> (module, class).
BALANCES = {
    "pareto": ("skmm._training.pareto", "ParetoStep"),
    "detached": ("skmm._training.detached", "DetachedStep"),
    "blending": ("skmm._training.blending", "BlendingStep"),
}


def make_balance(name):
    """Return the step that ``balance=`` stands for.

    Parameters
    ----------
    name : str

    Returns
    -------
    step : BalancedStep
    """
    module, cls = BALANCES[name]
    return getattr(importlib.import_module(module), cls)()


class BalancedStep(Step):
    """Add the losses of the modalities' own heads to those of the heads.

    The own heads do not predict: they teach the encoders, also one whose modality the
    fused head passes over because another one tells enough of the training rows.
    """

    name = "balance"

    def begin(self, net, rows):
        if "fused" not in net.module_.heads:
            raise ValueError(
                f"{self.name} is about the encoders of the head 'fused', and heads= "
                "leaves that out. Add 'fused', or leave balance=None."
            )
        self.fused = net.module_.heads["fused"]

    def __call__(self, net, batch):
        outputs = net.infer(batch.blocks)
        loss, losses = net.get_loss(outputs, batch.y, training=True)
        if "fused" in outputs:
            own = own_losses(net.learned, outputs["fused"], batch.y)
            self.descend(net, outputs, batch, loss, own)
        else:
            loss.backward()
        return {"loss": losses, "y_pred": outputs}

    def descend(self, net, outputs, batch, loss, own):
        """Leave gradients in the net's parameters.

        Parameters
        ----------
        net : MultimodalNet
        outputs : dict of str to HeadOutput
        batch : Batch
        loss : scalar tensor
            Of all heads.
        own : tensor of shape (M,)
            Losses of the modalities' own heads.
        """
        (loss + own.sum()).backward()

    def fused_loss(self, net, outputs, batch):
        """Return the fused head's loss, and the sum of the others'."""
        y = batch.y
        mine = {"fused": outputs["fused"]}
        others = {name: out for name, out in outputs.items() if name != "fused"}
        rest = total_loss(net.learned, others, y)[0] if others else 0.0
        return total_loss(net.learned, mine, y)[0], rest
