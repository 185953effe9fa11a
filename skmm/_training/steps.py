"""How a net learns from one batch: what turns a batch into gradients."""


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
            outputs that callbacks see.
        """
        outputs = net.infer(batch.blocks)
        loss, losses = net.get_loss(outputs, batch.y, training=True)
        loss.backward()
        return {"loss": losses, "y_pred": outputs}


def make_step(options):
    """Return the step of one training.

    Parameters
    ----------
    options : dict
        The estimator's parameters, of which those of the training count here.

    Returns
    -------
    step : Step
    """
    if "task_weighting" in options:
        from skmm._training.tasks import make_task_step

        return make_task_step(options)
    return Step()
