"""What is learned from blocks: the owner of weights, mixture and history."""

import contextvars
import copy
import warnings
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import get_scorer

from skmm._nn.batch_size import auto_batch_size
from skmm._nn.declarations import declared
from skmm._nn.device import is_here, resolve_device, uses_bfloat16
from skmm._nn.freezing import freeze, is_learnable, unfreeze
from skmm._nn.seeding import (
    drawing_from,
    make_generator,
    needs_global_state,
    seeded,
)
from skmm._training.adamw import AdamW
from skmm._training.clock import Cuts, ending_at, now, time_left
from skmm._training.heads import (
    HeadSpec,
    NetHead,
    choose_heads,
    make_heads,
    make_task_heads,
)
from skmm._training.heads._features import targets_of
from skmm._training.history import TrainingHistory
from skmm._training.lesson import Lesson
from skmm._training.losses import mean_loss
from skmm._training.mixture import Mixture
from skmm._training.module import MultimodalModule
from skmm._training.net import MultimodalNet
from skmm._training.options import check_needs_net, is_same, remember
from skmm._training.private._batches import auto_private_batch_size
from skmm._training.rows import Rows
from skmm._training.sampling import make_sampler
from skmm._training.solving import Solving
from skmm._training.steps import make_step
from skmm._utils import memory
from skmm._utils.step_cache import Steps
from skmm.alignment import make_alignment
from skmm.augmentation import make_mixup
from skmm.encoders._base import Encoder

_STEPS = Steps()


class Generators(NamedTuple):
    """What one training draws from."""

    order: torch.Generator
    layers: torch.Generator
    foreign: torch.Generator


class Learner:
    """The heads of one estimator, and all that their training leaves behind.

    It is changed by :meth:`train` alone, and a training that continues works on a
    :meth:`copy`: whatever happens in it, the learner before is as it was.

    Parameters
    ----------
    options : dict
        The estimator's parameters, of which those of the structure count here.
    encoders : dict of str to Encoder
        Fitted.
    targets : ClassificationTargets or RegressionTargets
    prior : ndarray of shape (n_logits,)
        Logits (or standardised means) for a row of which nothing is known.
    seed : int
    blocks : dict of str to Block
        Of the training rows: what heads will find to read.
    incremental : bool, default=False
        Whether training goes batch by batch, which not all heads can.

    Attributes
    ----------
    heads : dict of str to Head
    module : MultimodalModule
        Of the heads that a net trains.
    mixture : Mixture
    history : TrainingHistory
    best_epochs : dict of str to float
        Each head's, in the last training.
    validation_score : float or None
        Accuracy or R² of what is predicted, on the validation rows of the last
        training; None without.
    validation_losses : dict of str to float
        Each head's, on the same rows; empty without.
    cuts : Cuts
        What the last training left out for want of time.
    moments : dict of Parameter to dict, or None
        The optimizer's state, where partial_fit continues.
    spent : SpentPrivacy or None
        What the last training has spent, with privacy=.
    """

    #: Attributes that are None in a file which is to have no state of optimizers.
    optimizer_state = ("moments",)
    spent = None
    _crossed = None

    def __init__(
        self, options, encoders, targets, prior, *, seed, blocks, incremental=False
    ):
        self.targets = targets
        self.prior = prior
        self.seed = seed
        # An object of the user's own need not be derived from Encoder.
        limits = [
            getattr(encoder, "max_batch_size", Encoder.max_batch_size)
            for encoder in encoders.values()
        ]
        self.max_batch_size = min(
            (limit for limit in limits if limit is not None), default=np.inf
        )
        self.device = "auto"
        self.history = TrainingHistory()
        self.best_epochs = {}
        self.validation_score = None
        self.validation_losses = {}
        self.moments = None
        self.alignments = None
        self.cuts, self._scorer = Cuts(), None
        self.encoders = encoders
        heads = options["heads"]
        if options.get("privacy") is not None and isinstance(heads, str):
            heads = ["fused"]  # what else "auto" stands for cannot be private
        chosen = choose_heads(heads, targets, incremental=incremental)
        with seeded(seed):
            make = make_heads if targets.tasks is None else make_task_heads
            self._build(make(chosen, targets), options, blocks)
        self.mixture = Mixture.equal(self.heads, targets)
        self._known = ()
        self._crossed = None

    def _build(self, heads, options, blocks):
        """Build the heads' modules, in their order.

        So the fused head is the same with and without its siblings.
        """
        spec = self._spec(options)
        row = {name: block.take(torch.arange(1)) for name, block in blocks.items()}
        modules, self.heads, self.unfitted = {}, {}, {}
        for name, head in heads.items():
            if isinstance(head, NetHead):
                module = head.build_module(spec)
                if module is not None:
                    self.heads[name], modules[name] = head, module
            elif head.can_read(spec.encoders, row):
                self.heads[name] = self.unfitted[name] = head
        if not self.heads:
            raise ValueError(
                f"heads={list(heads)!r}: the encoders of {list(self.encoders)} have no "
                "features that these read. Add 'fused'."
            )
        prior = torch.from_numpy(self.prior).float()
        for module in modules.values():
            module.set_bias(prior)
        self.module = MultimodalModule(modules)
        for name in modules:
            self.heads[name].siblings = self.module
        self.module.rest()

    @property
    def fused(self):
        """The fused head's module, or None."""
        return dict(self.module.heads).get("fused")

    @property
    def solved(self):
        """Names of the heads that the net does not train, and that had the time."""
        return [name for name in self.unfitted if name not in self.cuts.heads]

    def _spec(self, options):
        return HeadSpec(options, self.encoders, self.targets, self.prior, self.seed)

    @property
    def n_parameters(self):
        """How many numbers are learned, now or once they are no longer frozen."""
        parameters = filter(is_learnable, self.module.parameters())
        solved = sum(self.heads[name].n_parameters for name in self.solved)
        return sum(parameter.numel() for parameter in parameters) + solved

    def copy(self):
        """Return a learner that can be trained while this one stays as it is.

        Weights that never change, of frozen pretrained networks, are shared.
        """
        memo = {}
        for part in self.module.modules():
            if declared(part, "keep_float32"):
                for parameter in part.parameters():
                    if not is_learnable(parameter):
                        memo[id(parameter)] = parameter
        # Nor does what is learned once and for all.
        solved = (self.heads[name] for name in self.solved)
        for part in (*self.encoders.values(), *self.unfitted.values(), *solved):
            memo[id(part)] = part
        # Epochs that are over do not change: their list is copied, not they.
        apart = {"moments": None, "history": TrainingHistory(self.history)}
        memo[id(apart["history"])] = apart["history"]
        made = object.__new__(type(self))
        vars(made).update(copy.deepcopy({**vars(self), **apart}, memo))
        if self.moments is not None:
            pairs = zip(self.module.parameters(), made.module.parameters())
            made.moments = {
                new: copy.deepcopy(self.moments[old])
                for old, new in pairs
                if old in self.moments
            }
        return made

    # -- training -----------------------------------------------------------------

    @property
    def members(self):
        """The learners that this is made of, as of a FoldLearner: itself."""
        return [self]

    def continue_with(self, seed, targets):
        """Set what a training that continues from this one brings with it.

        Parameters
        ----------
        seed : int
        targets : ClassificationTargets or RegressionTargets
        """
        self.seed = seed
        self.targets = targets

    def train(
        self,
        options,
        rows_train,
        rows_valid=None,
        *,
        epochs=None,
        view=None,
        on_epoch=None,
        refit=False,
        crossing=None,
        steps=_STEPS,
    ):
        """Train all heads; each ends at its best epoch on the validation rows.

        Parameters
        ----------
        options : dict
            The estimator's parameters, of which those of the training count here.
        rows_train, rows_valid : Rows
        epochs : int, default=None
            Exactly so many, without a stop and with the optimizer kept: a step of
            partial_fit. None trains by the options.
        view : callable, default=None
            From a learner, as it would be if the training ended now, and from a list
            of (frame, blocks) to the estimator that predicts with it.
        on_epoch : callable, default=None
            Called with the net after each epoch; True stops.
        refit : bool, default=False
            Whether solved heads are fitted again, on all rows, once the heads are
            mixed.
        crossing : ndarray of int of shape (n_train,), default=None
            With `refit`: folds of the training rows. Solved heads are then fitted
            without each of them, too, and averaged; all rows have a part in their
            weights. None, or little time, leaves it at one fit.
        steps : Steps, optional
            What calls the fits of the solved heads.

        Returns
        -------
        logits : dict of str to ndarray
            Each head's, of the validation rows; empty without these.
        """
        if not len(self.module.heads):
            check_needs_net(options, list(self.heads))
        solving, known, seconds = None, {}, {}
        self._crossed = None
        self.cuts, self._scorer = Cuts(), None
        if options["scoring"] is not None:
            self._scorer = get_scorer(options["scoring"])
        if epochs is None and self.unfitted:
            solving = Solving(self._spec({}), rows_train, rows_valid, steps)
            known, seconds = self._solve(solving, len(rows_train))
            if refit and crossing is not None:
                n_fits = crossing.max() + 1
                if time_left() > 4 * n_fits * sum(seconds.values()):
                    self._cross(solving, rows_train, rows_valid, known, crossing)
                    refit = False
        if len(self.module.heads):
            # A context of its own: what a layer draws from is forgotten in any case.
            known = contextvars.copy_context().run(
                self._train,
                options,
                rows_train,
                rows_valid,
                epochs,
                view,
                on_epoch,
                known,
            )
        elif epochs is None:
            self._mix(known, rows_valid, view)
        else:
            raise ValueError(
                f"heads={self.solved!r}: none of them learns batch by batch, as "
                "partial_fit does. Add 'fused' or 'wide' and fit anew."
            )
        if solving is not None and refit and rows_valid is not None:
            for name in self.solved:
                # One of no weight is not asked.
                place = self.mixture.heads.index(name)
                if not self.mixture.weights[:, place].any():
                    continue
                if time_left() > 2 * seconds[name]:
                    self.heads[name] = solving.refit(self.heads[name])
                else:
                    self.cuts.refit = True
        return known

    def _solve(self, solving, n_rows):
        """Fit the solved heads; return their logits, and the seconds of each.

        With a limit they have half of the time, where there is a net, each an equal
        part of what is left of it. One that would begin after that is left out, unless
        it would be the only head.
        """
        known, seconds, n_left = {}, {}, len(self.unfitted)
        share = 0.5 if len(self.module.heads) else 1.0
        end = now() + share * time_left()
        for name, head in self.unfitted.items():
            start = now()
            is_needed = not seconds and not len(self.module.heads)
            if end <= start and not is_needed:
                self.cuts.heads.append(name)
                continue
            with ending_at(start + max(end - start, 0) / n_left):
                self.heads[name], logits = solving.fit(head)
            memory.release_after(n_rows)
            n_left -= 1
            seconds[name] = now() - start
            if self.heads[name].is_shortened:
                self.cuts.shortened.append(name)
            if logits is not None:
                known[name] = logits
        return known, seconds

    def _cross(self, solving, rows_train, rows_valid, known, folds):
        """Fit the solved heads without each fold, too; keep all logits for the mixture.

        `known` has those of the validation rows.
        """
        kept, crossed = np.flatnonzero(folds >= 0), {}
        for name in self.solved:
            fresh, fitted = self.unfitted[name], self.heads[name]
            self.heads[name], logits = solving.cross_fit(fresh, fitted, folds)
            crossed[name] = np.concatenate([logits[kept], known[name]])
        self._crossed = crossed, targets_of([rows_train.select(kept), rows_valid])

    def _train(self, options, rows_train, rows_valid, epochs, view, on_epoch, known):
        net = self._make_net(options, len(rows_train), known, stops=epochs is None)
        rows_train = net.lesson.prepare(rows_train)
        rows = _to_device(rows_train, rows_valid, torch.device(net.device))
        rows_train, rows_valid = rows
        net.on_epoch = on_epoch
        if self._scorer is not None and rows_valid is not None:
            net.measure = lambda head, logits: (
                -self._score(
                    Mixture([head], self.targets.groups),
                    {head: logits},
                    rows_valid,
                    view,
                )
            )
        net.view = (
            None
            if view is None
            else lambda net: view(self._as_now(net, rows_valid), net.known_)
        )
        self.validation_score, self.validation_losses = None, {}
        self.module.wake()
        net.initialize()
        if epochs is not None and self.moments is not None:
            net.optimizer_.state.update(self.moments)
        with drawing_from(net.generators.layers if not options["compile"] else None):
            net.partial_fit(rows, epochs=epochs)
        self.module.rest()
        if net.cut_:
            self.cuts.epoch = len(net.history)
        self.history = TrainingHistory(net.history)  # a callback may have loaded one
        self.best_epochs = net.moments_.epochs
        self.spent = net.step.spent
        # Twice the parameters' memory; and its moments are no numbers either once the
        # loss is none.
        keeps = epochs is not None and not net.diverged_
        self.moments = dict(net.optimizer_.state) if keeps else None
        if epochs is not None:
            return {}
        logits = net.valid_logits_
        if rows_valid is not None and (net.changed_ or not logits):
            logits = self.module.run(
                rows_valid.blocks, list(self.module.heads), "logits"
            )
            logits |= known
        self._mix(logits, rows_valid, view)
        return logits

    def _make_net(self, options, n_rows, solved_logits, stops):
        """Return a net for one training, by the parameters of the training."""
        device = resolve_device(options["device"])
        self.device = options["device"]
        self.module.to(device)
        is_private = options.get("privacy") is not None
        precision = "float32" if is_private else options["precision"]
        self.module.autocast = uses_bfloat16(precision, device)
        batch_size = options["batch_size"]
        if batch_size == "auto":
            auto = auto_private_batch_size if is_private else auto_batch_size
            batch_size = min(auto(n_rows), self.max_batch_size)
        # Without gradients four times the rows take no more memory.
        self.module.rows_at_once = max(4 * batch_size, 1024)
        encoder_rates = self._set_training(options)
        stops = stops and options["early_stopping"]
        verbose = int(options["verbose"])
        return MultimodalNet(
            self.module,
            criterion=torch.nn.Identity,
            targets=self.targets,
            lesson=Lesson(self.targets, options),
            sampler=make_sampler(options.get("sampler"), self.targets),
            step=make_step(options),
            solved=self.solved,
            solved_logits=solved_logits,
            patience=options["n_iter_no_change"] if stops else np.inf,
            restore=stops,
            schedule=options["learning_rate_schedule"],
            encoder_rates=encoder_rates,
            generators=self._make_generators(device),
            # A user's own module may make tensors of the default type.
            runs_foreign_layers=options["compile"]
            or needs_global_state(self.module)
            or torch.get_default_dtype() != torch.float32,
            history=self.history,
            optimizer=AdamW,
            optimizer__weight_decay=options["weight_decay"],
            optimizer__fused=device.type in ("cpu", "cuda"),
            lr=options["learning_rate"],
            batch_size=batch_size,
            iterator_valid__batch_size=self.module.rows_at_once,
            max_epochs=options["max_epochs"],
            callbacks=options["callbacks"],
            **({} if verbose else {"callbacks__print_log": None}),
            # How long an epoch took tells of what was in its batches.
            **({"callbacks__epoch_timer": None} if is_private else {}),
            device=str(device),
            compile=options["compile"],
            train_split=None,
            # Predictions at an epoch's end are known; those of a batch are not kept.
            use_caching=False,
            verbose=verbose,
        )

    def _make_generators(self, device):
        """Return fresh generators, by the seed and the epochs trained so far."""
        seeds = np.random.SeedSequence([self.seed, len(self.history)])
        order, layers, foreign = map(int, seeds.generate_state(3, np.uint32))
        return Generators(
            make_generator(order),
            make_generator(layers, device),
            make_generator(foreign, device),
        )

    def _set_training(self, options):
        """Bring the fused head's parameters of the training up to date.

        Returns
        -------
        encoder_rates : dict of nn.Module to float
        """
        fused = self.fused
        if fused is None:
            return {}
        fused.modality_dropout = options["modality_dropout"]
        fused.mixup = make_mixup(options["mixup"])
        fused.alignment_weight = options["alignment_weight"]
        is_balanced = options.get("balance") is not None
        prior = torch.from_numpy(self.prior).float() if is_balanced else None
        fused.own(prior, self.seed)
        fused.detaches = options.get("balance") == "detached"
        alignments = options["alignment"]
        if not isinstance(alignments, (list, tuple)):
            alignments = [] if alignments is None else [alignments]
        known = remember(alignments)
        if self.alignments is None or not is_same(self.alignments, known):
            with seeded(self.seed):
                fused.align([make_alignment(one) for one in alignments])
            fused.alignments.to(self.module.device)
            self.alignments = known
        if is_balanced:
            fused.own_heads.to(self.module.device)
        frozen, rates = options["freeze"], options["encoder_learning_rate"]
        if frozen is None or isinstance(frozen, str):
            frozen = fused.names if frozen == "encoders" else []
        if not isinstance(rates, dict):
            rates = {} if rates is None else dict.fromkeys(fused.names, rates)
        # A modality may be named that has no column left in these rows.
        encoders = dict(zip(fused.names, fused.encoders))
        for name, encoder in encoders.items():
            unfreeze(encoder)
            if name in frozen:
                freeze(encoder)
        return {encoders[name]: rates[name] for name in encoders if name in rates}

    @property
    def fitted(self):
        """Names of the heads that had the time to be fitted."""
        return [*self.module.heads, *self.solved]

    def _mix(self, logits, rows, view=None):
        """Fit the mixture to what the training ended with; score it.

        By a score of the user's own, a single head is taken where it is better.
        """
        is_known = set(logits) == set(self.fitted)
        if self._crossed is not None and is_known and rows.weight.sum() > 0:
            self.mixture = Mixture.of_crossed(
                *self._crossed,
                {head: logits[head] for head in self.fitted},
                rows,
                self.targets,
            )
        else:
            self.mixture = Mixture.of_rows(self.fitted, rows, logits, self.targets)
        self._crossed = None
        self.validation_score = score_rows(self.targets, self.mixture, logits, rows)
        if self._scorer is not None and logits and view is not None:
            self._choose(logits, rows, view)
        self.validation_losses = {}
        if rows is not None:
            self.validation_losses = {
                head: mean_loss(self.targets.of_head(head), some, rows)
                for head, some in logits.items()
            }

    def _choose(self, logits, rows, view):
        score = self._score(self.mixture, logits, rows, view)
        heads = self.fitted if len(self.fitted) > 1 else ()
        if self.targets.tasks is not None:
            heads = [head for head in heads if self.targets.is_served(head)]
        for name in heads:
            alone = {name: logits[name]}
            mixture = Mixture.of_rows([name], rows, alone, self.targets)
            of_one = self._score(mixture, alone, rows, view)
            if of_one > score:
                score, place = of_one, self.fitted.index(name)
                self.mixture = Mixture(self.fitted, self.targets.groups)
                self.mixture.weights = np.zeros(self.mixture.weights.shape)
                self.mixture.weights[:, place] = 1.0
                self.mixture.shifts = mixture.shifts
        self.validation_score = score

    def _score(self, mixture, logits, rows, view):
        """Return the user's score of what is predicted for the validation rows."""
        learner = copy.copy(self)
        learner.mixture = mixture
        learner._known = ((rows.blocks, logits),)
        estimator = view(learner, [(rows.X, rows.blocks)])
        score = float(self._scorer(estimator, rows.X, rows.y))
        return score if np.isfinite(score) else -np.inf

    def _as_now(self, net, rows_valid):
        """Return a view that predicts as if the training ended now."""
        view = copy.copy(self)
        view.mixture = net.mixture_
        if rows_valid is not None and net.valid_logits_:
            view._known = ((rows_valid.blocks, net.valid_logits_),)
        return view

    # -- prediction ---------------------------------------------------------------

    def predict(self, blocks):
        """Return the mixture's logits, (n_samples, n_logits) float64."""
        heads = [
            head
            for head, weight in zip(self.mixture.heads, self.mixture.weights.T)
            if weight.any()
        ]
        # All weights can be zero in regression: then the mean is predicted.
        mixed = self.mixture(self._logits(blocks, heads or self.mixture.heads[:1]))
        present = np.stack([block.present.cpu().numpy() for block in blocks.values()])
        # What a user's own module makes of a row may not be a number.
        known = present.any(axis=0) & np.isfinite(mixed).all(axis=1)
        return np.where(known[:, None], mixed, self.prior)

    def _logits(self, blocks, heads):
        for known, logits in self._known:
            if known is blocks:
                return {head: logits[head] for head in heads}
        trained = [head for head in heads if head in self.module.heads]
        logits = self.module.run(blocks, trained, "logits") if trained else {}
        for head in heads:
            if head not in logits:
                logits[head] = self.heads[head].logits(Rows(blocks))
        return logits

    def embed(self, blocks):
        """Return the fused embedding, (n_samples, out_features) float64."""
        if self.fused is None:
            raise ValueError(
                "transform gives the embedding of the fused head, which "
                f"heads={list(self.heads)!r} leaves out. Add 'fused'."
            )
        return self.module.run(blocks, ["fused"], "embedding")["fused"]

    def only(self, head):
        """Return a view in which one head alone predicts."""
        view = copy.copy(self)
        view.mixture = Mixture([head], self.targets.groups)
        return view

    # -- pickling -------------------------------------------------------------------

    def __getstate__(self):
        """On the CPU whatever the device was: loads where there is no GPU."""
        # A function of the user's own may not be one that can be pickled.
        state = {**vars(self), "_scorer": None, "_crossed": None}
        state["moments"] = None
        if self.moments is not None:
            # A dict by parameter would lose its keys: they are compared by identity.
            state["moments"] = [self.moments.get(p) for p in self.module.parameters()]
        if self.module.device.type != "cpu":
            state["moments"] = _on_cpu(state["moments"])
            state["module"] = copy.deepcopy(self.module).cpu()
            state["heads"] = {n: copy.copy(head) for n, head in self.heads.items()}
            for name in self.module.heads:
                state["heads"][name].siblings = state["module"]
        return state

    def __setstate__(self, state):
        vars(self).update(state)
        if self.device != "auto" and not is_here(self.device):
            warnings.warn(
                f"This model was fitted with device={self.device!r}, which "
                "is not here; it is loaded on the CPU.",
                UserWarning,
                stacklevel=2,
            )
            self.device = "auto"
        device = resolve_device(self.device)
        if device != self.module.device:
            self.module.to(device)
        if self.moments is not None:
            pairs = zip(self.module.parameters(), self.moments)
            self.moments = {
                p: {key: value.to(device) for key, value in moment.items()}
                for p, moment in pairs
                if moment is not None
            }


def score_rows(targets, mixture, logits, rows):
    """Return the score of what a mixture predicts for rows; None without rows.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    mixture : Mixture
    logits : dict of str to ndarray
    rows : Rows or None
    """
    if rows is None or not rows.weight.sum() > 0:
        return None
    y_pred = targets.predict(mixture(logits))
    return targets.score(rows.y, y_pred, rows.weight.cpu().numpy())


def _on_cpu(moments):
    if moments is None:
        return None
    return [
        None if one is None else {key: value.cpu() for key, value in one.items()}
        for one in moments
    ]


def _to_device(rows_train, rows_valid, device):
    """Move all rows at once if they take less than half of the free GPU memory."""
    sets = [rows for rows in (rows_train, rows_valid) if rows is not None]
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if sum(rows.nbytes for rows in sets) > free / 2:
            return rows_train, rows_valid
    if device.type == "cpu":
        return rows_train, rows_valid
    moved = [rows.to(device) for rows in sets]
    return (*moved, None) if len(moved) == 1 else tuple(moved)
