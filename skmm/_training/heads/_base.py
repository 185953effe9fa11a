"""The contract of a head: one of the siblings whose predictions are mixed."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from skmm._training.heads._features import ask_encoder
from skmm._training.regression_losses import LOSSES
from skmm.augmentation._mixup import Mixing


@dataclass
class HeadSpec:
    """What a head is told when it builds its module.

    Attributes
    ----------
    options : dict
        The estimator's parameters.
    encoders : dict of str to Encoder
        Fitted, by modality.
    targets : ClassificationTargets or RegressionTargets
    prior : ndarray of shape (n_logits,)
        Logits (or standardised means) for a row of which nothing is known.
    seed : int
    """

    options: dict
    encoders: dict
    targets: Any
    prior: Any
    seed: int = 0


class Head:
    """Base of all heads.

    A head learns from rows and gives logits (for numbers: standardised predictions)
    for rows. The mixture weighs it against its siblings by what it gives for the
    validation rows. The attributes declare what it can do; the defaults are those of
    a head that can do most.

    Attributes
    ----------
    name : str
        How it is named in ``head_weights_``, in ``history_`` and in errors.
    uses_sample_weight : bool
        If False, weights other than 1 are an error.
    target_kinds : tuple of str
        Of "binary", "multiclass", "multilabel", "multioutput", "ordinal",
        "regression": the targets that it can learn.
    losses : tuple of str
        Of "log_loss", "ordinal" and the names of the losses of numbers: what it can
        minimise.
    learns_incrementally : bool
        If False, it is left out of ``partial_fit``.
    owns_parameters : bool
        If True, no other head shares a parameter with it.
    exportable : bool
        If True, its logits are computed by a torch module, ``module``.
    can_be_private : bool
        If True, gradients of single rows can be clipped: it learns by steps of which
        each is a sum over rows.
    """

    name = None
    uses_sample_weight = True
    target_kinds = (
        "binary",
        "multiclass",
        "multilabel",
        "multioutput",
        "ordinal",
        "regression",
    )
    losses = ("log_loss", "ordinal", *LOSSES)
    learns_incrementally = False
    owns_parameters = True
    exportable = False
    can_be_private = False
    #: Name of the head that takes its place where it cannot learn incrementally.
    incremental_form = None

    def check(self, targets):
        """Raise an error that names this head, if it cannot serve the target.

        Parameters
        ----------
        targets : ClassificationTargets or RegressionTargets

        Raises
        ------
        ValueError
        """
        for what, given, known in (
            ("target", targets.kind, self.target_kinds),
            ("loss", targets.loss, self.losses),
        ):
            if given not in known:
                raise ValueError(
                    f"The head {self.name!r} cannot learn a {given} {what}; it knows: "
                    f"{', '.join(known)}. Leave it out."
                )

    def serves(self, targets):
        """Tell if it can serve the target.

        Parameters
        ----------
        targets : ClassificationTargets or RegressionTargets
        """
        try:
            self.check(targets)
        except ValueError:
            return False
        return True

    def fit(self, train, valid):
        """Learn from the training rows.

        Parameters
        ----------
        train : Rows, or list of Rows
        valid : Rows or None
            To choose by: a penalty, a number of rounds.

        Returns
        -------
        self : Head
        """
        raise NotImplementedError(f"{type(self).__name__}.fit")

    def logits(self, rows):
        """Return the logits of rows.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        logits : ndarray of float64 of shape (n_rows, n_logits)
            A row's result does not depend on the rows beside it.
        """
        raise NotImplementedError(f"{type(self).__name__}.logits")


class SolvedHead(Head):
    """Base of the heads that learn by themselves, from all rows at once.

    What was learned does not change afterwards: copies of an estimator share it.
    """

    #: If True, the fit was ended early: the time was over.
    is_shortened = False
    #: Numbers that are learned, where they can be counted.
    n_parameters = 0
    #: The encoders' method that gives what it reads.
    reads = "linear_features"

    def can_read(self, encoders, blocks):
        """Tell if there are features that it reads.

        Parameters
        ----------
        encoders : dict of str to Encoder
        blocks : dict of str to Block
            Of any rows.
        """
        return any(
            ask_encoder(encoder, self.reads, blocks[name]) is not None
            for name, encoder in encoders.items()
        )

    def build(self, spec):
        """Take what is known before the rows are.

        Parameters
        ----------
        spec : HeadSpec
        """
        self.encoders = spec.encoders
        self.targets = spec.targets
        self.prior = np.asarray(spec.prior, dtype=np.float64)
        self.seed = spec.seed

    def refit(self, train, valid):
        """Return a head fitted on all rows, by what :meth:`fit` chose.

        Parameters
        ----------
        train, valid : Rows

        Returns
        -------
        head : SolvedHead
            Another: this one stays as it is.
        """
        raise NotImplementedError(f"{type(self).__name__}.refit")

    def merge(self, members):
        """Return one head that predicts as the mean of several.

        Parameters
        ----------
        members : list of SolvedHead
            This one, fitted on different rows; this one is the first of them.

        Returns
        -------
        head : SolvedHead
        """
        return MeanHead(members)


class MeanHead(SolvedHead):
    """The mean of a head that was fitted several times, each time without some rows.

    Parameters
    ----------
    members : list of SolvedHead

    References
    ----------
    Breiman: Bagging predictors, Machine Learning 24, 1996.
    """

    def __init__(self, members):
        self.members = members
        self.name = members[0].name
        self.n_parameters = sum(one.n_parameters for one in members)
        self.is_shortened = any(one.is_shortened for one in members)

    def logits(self, rows):
        return np.mean([one.logits(rows) for one in self.members], axis=0)


class NetHead(Head):
    """Base of the heads that one net trains side by side, batch by batch.

    They share the batches and nothing else: each has its own module, its own loss and
    its own best moment. A subclass builds the module; ``fit`` is the net's loop.

    Attributes
    ----------
    siblings : MultimodalModule
        The net's module, with this head's under its name.
    """

    learns_incrementally = True
    exportable = True
    can_be_private = True
    siblings = None
    #: If True, no parameter serves two outputs: each of several tasks may stop alone.
    shares_nothing = False

    def build_module(self, spec):
        """Build the torch module.

        Parameters
        ----------
        spec : HeadSpec

        Returns
        -------
        module : nn.Module or None
            With ``forward(blocks)`` giving a :class:`HeadOutput`, and
            ``set_bias(prior)``. None leaves the head out.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")

    @property
    def module(self):
        """The torch module, from a dict of blocks to a :class:`HeadOutput`."""
        return self.siblings.heads[self.name]

    def fit(self, train, valid):
        """Raise an error: the net trains this head in one loop with its siblings."""
        raise NotImplementedError(
            f"The head {self.name!r} is trained by the net's loop, beside its siblings."
        )

    def logits(self, rows):
        """Return the logits of rows; see :meth:`Head.logits`."""
        return self.siblings.run(rows.blocks, [self.name], "logits")[self.name]


class HeadOutput(NamedTuple):
    """What a head's module gives for a batch.

    Attributes
    ----------
    logits : tensor of shape (n, n_logits)
    embedding : tensor of shape (n, out_features) or None
        Only of the fused head.
    loss : scalar tensor or None
        Auxiliary losses, of the fusion and the alignments.
    weights : tensor of shape (n, M) or None
        The fusion's weights of the modalities.
    auxiliary : tensor of shape (n, A, n_logits) or None
        Logits of the fusion's heads that have the target's loss beside the main one.
    auxiliary_weights : tensor of shape (n, A) or None
    mixing : Mixing or None
        How rows were mixed, for the loss.
    own : tensor of shape (n, M, n_logits) or None
        Logits of each modality's own head, where modalities are balanced.
    own_present : tensor of bool of shape (n, M) or None
        True where the row has the modality.
    """

    logits: torch.Tensor
    embedding: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    auxiliary: torch.Tensor | None = None
    auxiliary_weights: torch.Tensor | None = None
    mixing: Mixing | None = None
    own: torch.Tensor | None = None
    own_present: torch.Tensor | None = None


@torch.no_grad()
def set_bias(bias, prior):
    """Put the prior into a bias of its shape; another, or None, is left alone."""
    if bias is not None and bias.shape == prior.shape:
        bias.copy_(prior)
