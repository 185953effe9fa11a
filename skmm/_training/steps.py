"""How a net learns from one batch: what turns a batch into gradients."""

import functools
import importlib

import numpy as np
import torch

from skmm._training.batches import Batches

#: parameter of the estimators -> (module, what makes a step of the parameter's value).
_STEPS = {
    "privacy": ("skmm._training.private._step", "PrivateStep"),
    "balance": ("skmm._training.balance", "make_balance"),
    "adversarial": ("skmm._training.adversarial", "make_step_of"),
}


class Step:
    """The plain step: losses of the heads, and one pass back.

    Ways of learning that need more than one pass, other gradients or other losses are
    subclasses. The net has set all gradients to zero before, and moves the weights
    after.
    """

    def begin(self, net, rows):
        """Take what is known once a training begins.

        Parameters
        ----------
        net : MultimodalNet
            Its module and its optimizer are there.
        rows : Rows
            Of the training, on the device that they stay on.
        """

    def make_batches(self, net, rows):
        """Return what cuts the rows of the training into batches, each epoch anew.

        Parameters
        ----------
        net : MultimodalNet
        rows : Rows
        """
        draw = None
        if net.sampler is not None:
            draw = functools.partial(net.sampler.draw, net, rows)
        device, order = torch.device(net.device), net.generators.order
        return Batches(rows, net.batch_size, device, order, draw)

    def end_epoch(self, net):
        """Take what is known once an epoch is over and validated.

        Parameters
        ----------
        net : MultimodalNet
        """

    def __call__(self, net, batch):
        """Leave gradients in the net's parameters.

        Parameters
        ----------
        net : MultimodalNet
        batch : Batch
            On the net's device.

        Returns
        -------
        step : dict
            ``loss``, each active head's loss without a gradient, and ``y_pred``, the
            outputs that callbacks see. ``n_rows``, where it is there, stands for the
            size of the batch in what is shown.
        """
        outputs = net.infer(batch.blocks)
        loss, losses = net.get_loss(outputs, batch.y, training=True)
        loss.backward()
        return {"loss": losses, "y_pred": outputs}

    def has_diverged(self, net, losses):
        """Tell if the training cannot go on.

        Parameters
        ----------
        net : MultimodalNet
        losses : dict of str to float
            Each active head's mean over an epoch.
        """
        return not np.isfinite([*losses.values()]).all()

    def record(self, net):
        """Add to the history what this way of learning tells of an epoch.

        Parameters
        ----------
        net : MultimodalNet
        """

    @property
    def spent(self):
        """What the training has spent of a privacy budget, or None."""
        return None


def make_step(options):
    """Return the step of one training.

    Parameters
    ----------
    options : dict
        The estimator's parameters, of which those of the training count here.

    Returns
    -------
    step : Step

    Raises
    ------
    ValueError
        For ways of learning that do not go together.
    """
    if "task_weighting" in options:
        from skmm._training.tasks import make_task_step

        return make_task_step(options)
    asked = {name: options[name] for name in _STEPS if options.get(name) is not None}
    if not asked:
        return Step()
    if len(asked) > 1:
        raise ValueError(
            f"{' and '.join(f'{name}={asked[name]!r}' for name in asked)} each change "
            "how the network learns from a batch, and do not go together. Leave one "
            "out."
        )
    ((name, value),) = asked.items()
    if options["compile"]:
        raise ValueError(
            f"{name}={value!r} goes through the network several times in a step, which "
            "compile=True does not allow. Set compile=False."
        )
    module, make = _STEPS[name]
    return getattr(importlib.import_module(module), make)(value)
