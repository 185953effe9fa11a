"""Which training rows an epoch of the net has, and in which order."""

import numpy as np
import torch

from skmm._training.batches import Batches

#: Of the easiest rows, the share with which a curriculum begins, and the epochs until
#: all rows are there.
_FIRST_SHARE, _N_EPOCHS = 0.4, 5


class Sampler:
    """Base of what draws the rows of an epoch, as many as there are.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    """

    def __init__(self, targets):
        self.targets = targets

    def draw(self, net, rows, generator):
        """Return the numbers of an epoch's rows, a tensor (n_rows,).

        Parameters
        ----------
        net : MultimodalNet
        rows : Rows
            Of the training.
        generator : torch.Generator
        """
        raise NotImplementedError(f"{type(self).__name__}.draw")


class BalancedSampler(Sampler):
    """Draw with replacement, all classes as often."""

    def __init__(self, targets):
        super().__init__(targets)
        if targets.kind not in ("binary", "multiclass", "ordinal"):
            raise ValueError(
                f"sampler='balanced' draws the classes of one target as often, and "
                f"this target is {targets.kind}. Take another sampler."
            )

    def draw(self, net, rows, generator):
        truth = self.targets.truth(rows.y)[:, 0]
        shares = 1 / np.bincount(truth)[truth]
        return torch.multinomial(
            torch.from_numpy(shares), len(rows), replacement=True, generator=generator
        )


class CurriculumSampler(Sampler):
    """Begin with the rows of the least loss, and let in the others step by step.

    The loss is that of the net itself, before each epoch: self-paced learning [1]_, a
    curriculum [2]_ for which nobody has to say what is easy. In the first epoch, when
    the net knows nothing, all rows are there.

    References
    ----------
    .. [1] Kumar, Packer, Koller: Self-Paced Learning for Latent Variable Models,
       NeurIPS 2010.
    .. [2] Bengio, Louradour, Collobert, Weston: Curriculum Learning, ICML 2009.
    """

    def draw(self, net, rows, generator):
        done = len(net.history) - 1
        if not 0 < done < _N_EPOCHS:
            return torch.randperm(len(rows), generator=generator)
        share = _FIRST_SHARE + (1 - _FIRST_SHARE) * (done - 1) / (_N_EPOCHS - 1)
        losses = self._losses(net, rows)
        easy = losses.argsort()[: max(round(share * len(rows)), 1)]
        drawn = torch.randint(len(easy), (len(rows),), generator=generator)
        # Each of them at least once, as far as there is room.
        drawn[: len(easy)] = torch.arange(len(easy))
        return easy[drawn[torch.randperm(len(rows), generator=generator)]]

    @torch.no_grad()
    def _losses(self, net, rows):
        """Return each row's loss, the mean over the heads that learn."""
        training, order, losses = net.module_.training, [], []
        net._set_training(False)
        size, device = net.module_.rows_at_once, torch.device(net.device)
        for batch in Batches(rows, size, device):
            outputs = net.infer(batch.blocks).values()
            codes = batch.y[0]
            some = [net.learned.row_loss(out.logits.float(), codes) for out in outputs]
            losses.append(torch.stack(some).mean(0).cpu())
            order.append(batch.rows)
        net._set_training(training)
        found = torch.empty(len(rows))
        found[torch.cat(order)] = torch.cat(losses)
        return found


class OwnSampler(Sampler):
    """Call a function of the user's own.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    function : callable
    """

    def __init__(self, targets, function):
        super().__init__(targets)
        self.function = function

    def draw(self, net, rows, generator):
        seed = int(torch.randint(2**31 - 1, (), generator=generator))
        epoch = len(net.history)
        found = np.asarray(self.function(rows.y, epoch, np.random.RandomState(seed)))
        n = len(rows)
        is_right = found.shape == (n,) and found.dtype.kind in "iu"
        if not is_right or found.min() < 0 or found.max() >= n:
            raise ValueError(
                f"sampler= is to return the numbers of {n} rows, integers from 0 to "
                f"{n - 1}, some of them several times perhaps; it returned an array of "
                f"{found.dtype} of shape {found.shape}."
            )
        return torch.from_numpy(found.astype(np.int64))


def make_sampler(given, targets):
    """Return the sampler that ``sampler=`` stands for, or None.

    Parameters
    ----------
    given : {"balanced", "curriculum"}, callable or None
    targets : ClassificationTargets or RegressionTargets
    """
    if given is None:
        return None
    if callable(given):
        return OwnSampler(targets, given)
    known = {"balanced": BalancedSampler, "curriculum": CurriculumSampler}
    return known[given](targets)
