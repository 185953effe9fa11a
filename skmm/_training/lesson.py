"""What a net learns of its training rows: targets, and what a teacher says of them."""

import torch

from skmm._training.rows import Rows
from skmm._training.teacher import ask_teacher


class Lesson:
    """The losses of a training, of which validation rows know nothing.

    It is used as targets are by the losses of the heads.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    options : dict
        The estimator's parameters.
    """

    def __init__(self, targets, options):
        self.targets = targets
        self.teacher = options.get("teacher")
        self.share = options.get("distillation_weight", 0.5)
        self.temperature = options.get("temperature", 1.0)
        self.label_smoothing = options.get("label_smoothing", 0.0)

    def prepare(self, rows):
        """Return the rows with what the teacher says of them beside their codes.

        Parameters
        ----------
        rows : Rows
            With X.
        """
        if self.teacher is None:
            return rows
        said = ask_teacher(self.teacher, rows.X, self.targets, self.temperature)
        codes = torch.cat([rows.codes.float(), torch.from_numpy(said).float()], dim=1)
        return Rows(rows.blocks, codes, rows.weight, rows.X, rows.y)

    def known(self, codes):
        """Return the codes of the targets alone.

        Parameters
        ----------
        codes : tensor of shape (n, n_columns)
        """
        if self.teacher is None:
            return codes
        codes = codes[:, : codes.shape[1] - self.targets.n_logits]
        is_soft = not self.targets.is_classification or self.targets.is_sigmoid
        return codes if is_soft else codes.long()

    def row_loss(self, logits, codes):
        """Return each row's loss, a tensor (n,).

        Parameters
        ----------
        logits : tensor of shape (n, n_logits)
        codes : tensor
            Of rows that were prepared.
        """
        loss = self._hard_loss(logits, self.known(codes))
        if self.teacher is None:
            return loss
        said = codes[:, codes.shape[1] - self.targets.n_logits :]
        return (1 - self.share) * loss + self.share * self._soft_loss(logits, said)

    def _hard_loss(self, logits, codes):
        smoothing, targets = self.label_smoothing, self.targets
        if not smoothing:
            return targets.row_loss(logits, codes)
        if targets.is_sigmoid:
            return targets.row_loss(logits, codes * (1 - smoothing) + smoothing / 2)
        losses = [
            torch.nn.functional.cross_entropy(
                logits[:, group],
                codes[:, j],
                reduction="none",
                label_smoothing=smoothing,
            )
            for j, group in enumerate(targets.groups)
        ]
        return torch.stack(losses).mean(0)

    def _soft_loss(self, logits, said):
        """Return the loss of what the teacher says.

        At a temperature gradients are smaller by its square, which is made up for.
        """
        targets = self.targets
        if not targets.is_classification:
            return targets.row_loss(logits, said)
        square, logits = self.temperature**2, logits / self.temperature
        if targets.is_sigmoid:
            return square * targets.row_loss(logits, said)
        losses = [
            -(said[:, group] * logits[:, group].log_softmax(1)).sum(1)
            for group in targets.groups
        ]
        return square * torch.stack(losses).mean(0)
