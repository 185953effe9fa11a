"""Losses of the heads."""

import numpy as np
import torch


def head_losses(all_targets, outputs, y):
    """Return the weighted mean loss of each head, a tensor (n_heads,).

    Parameters
    ----------
    all_targets : ClassificationTargets, RegressionTargets or TaskTargets
    outputs : dict of str to HeadOutput
    y : (codes, weight)
    """
    codes, weight = y

    def loss_of(name, out):
        targets = all_targets.of_head(name)
        loss = targets.row_loss(out.logits.float(), codes) * weight
        if out.mixing is None:
            return loss.mean()
        partner, share, _ = out.mixing
        other = targets.row_loss(out.logits.float(), codes[partner])
        return (share * loss + (1 - share) * other * weight[partner]).mean()

    return torch.stack([loss_of(name, out) for name, out in outputs.items()])


def mean_loss(targets, logits, rows):
    """Return the weighted mean loss of logits, a float; NaN if no row has a weight.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    logits : ndarray of shape (n_rows, n_logits)
    rows : Rows
    """
    logits = torch.from_numpy(np.ascontiguousarray(logits))
    loss = targets.row_loss(logits, rows.codes.cpu())
    weight = rows.weight.cpu().double()
    total = float(weight.sum())
    return float((loss * weight).sum()) / total if total > 0 else np.nan


def total_loss(targets, outputs, y):
    """Return what is minimised, and the loss of each head without a gradient.

    The sum of the heads' losses and of what fusions and alignments add. No head's
    gradient reaches another head.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    outputs : dict of str to HeadOutput
    y : (codes, weight)
    """
    losses = head_losses(targets, outputs, y)
    loss = losses.sum()
    for output in outputs.values():
        if output.loss is not None:
            loss = loss + output.loss
        if output.auxiliary is not None:
            loss = loss + _auxiliary_loss(targets, output, y)
    return loss, losses.detach()


def _auxiliary_loss(targets, output, y):
    codes, weight = y
    logits = output.auxiliary.float().unbind(1)

    def losses_of(codes, weight):
        losses = [targets.row_loss(one, codes) for one in logits]
        losses = torch.stack(losses, dim=1) * output.auxiliary_weights
        return losses.sum(1) * weight

    losses = losses_of(codes, weight)
    if output.mixing is not None:
        partner, share, _ = output.mixing
        others = losses_of(codes[partner], weight[partner])
        losses = share * losses + (1 - share) * others
    return losses.mean()


def own_losses(targets, output, y):
    """Return the mean loss of each modality's own head, a tensor (M,).

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    output : HeadOutput
        With ``own``.
    y : (codes, weight)
        A row counts for the modalities that it has.
    """
    codes, weight = y
    logits = output.own.float().unbind(1)

    def losses_of(codes, weight):
        losses = [targets.row_loss(one, codes) for one in logits]
        return torch.stack(losses, dim=1) * weight[:, None]

    losses = losses_of(codes, weight)
    if output.mixing is not None:
        partner, share, _ = output.mixing
        others = losses_of(codes[partner], weight[partner])
        losses = share[:, None] * losses + (1 - share[:, None]) * others
    present = output.own_present
    return (losses * present).sum(0) / present.sum(0).clamp(min=1)
