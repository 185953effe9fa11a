"""The skorch net under the estimators: steps, losses, epochs."""

import contextlib
import functools
import time
import warnings

import numpy as np
import skorch
import torch
from skorch.callbacks import EpochTimer, PrintLog
from skorch.utils import TeeGenerator

from skmm._nn.freezing import keep_frozen_parts_still
from skmm._nn.seeding import global_state
from skmm._training.batches import Batches, ShownBatch
from skmm._training.best_moments import BestMoments
from skmm._training.clock import time_left
from skmm._training.history import TrainingHistory
from skmm._training.learning_rates import parameter_groups, rate_factor
from skmm._training.losses import head_losses, mean_loss, total_loss
from skmm._training.mixture import Mixture
from skmm._training.scoring import PredictsAsEstimator
from skmm._training.steps import Step
from skmm._training.stops import is_request
from skmm._utils import memory

#: Of training, from one time that free memory is given back to the next.
_SECONDS_TO_RELEASE = 1.0
_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class MultimodalNet(PredictsAsEstimator, skorch.NeuralNet):
    """A skorch net for one training of a module of heads.

    What differs from a plain skorch net: data come as :class:`Rows` (training and
    validation separately), a batch is one cut through all blocks, each head has a
    loss of its own, losses stay on the device until the epoch ends. To callbacks it
    predicts as the estimator would if the training ended now.

    Parameters
    ----------
    module : MultimodalModule
    targets : ClassificationTargets or RegressionTargets
    lesson : Lesson, default=None
        What is learned of the training rows; None stands for the targets.
    sampler : Sampler, default=None
        Draws the rows of an epoch; None takes each once.
    step : Step, default=None
        Turns a batch into gradients; None stands for the plain one.
    patience : int or float, default=inf
        Epochs without a better validation loss after which a head stops.
    restore : bool, default=True
        Put back each head's best weights after training.
    schedule : {"constant", "linear", "cosine"}, default="constant"
        Of the learning rates.
    solved : list of str, default=()
        Heads that are mixed with those of the module, and fitted before.
    solved_logits : dict of str to ndarray, default=None
        Theirs, of the validation rows.
    encoder_rates : dict of nn.Module to float, default=None
        Learning rates of encoders' modules that have one of their own.
    generators : Generators, default=None
        What the order of the batches and the layers draw from.
    runs_foreign_layers : bool, default=False
        If True, some layers draw from torch's global generator.
    view : callable, default=None
        From the net to the estimator as it would be if the training ended now.
    on_epoch : callable, default=None
        Called with the net after each epoch; True stops the training.
    measure : callable, default=None
        From a head's name and its logits of the validation rows to what is to become
        small; None stands for the loss.
    **kwargs
        As of :class:`skorch.NeuralNet`.

    Attributes
    ----------
    active_ : list of str
        The heads that still learn.
    moments_ : BestMoments
    mixture_ : Mixture
        Of what is predicted now, by the last validation.
    valid_logits_ : dict of str to ndarray
        Of the validation rows with the present weights; empty while they change.
    changed_ : bool
        If True, a callback changed the weights after the training.
    diverged_ : bool
        If True, a loss was no longer a number.
    cut_ : bool
        If True, the time was over.
    """

    def __init__(
        self,
        module,
        *args,
        targets=None,
        lesson=None,
        sampler=None,
        step=None,
        patience=np.inf,
        restore=True,
        schedule="constant",
        solved=(),
        solved_logits=None,
        encoder_rates=None,
        generators=None,
        runs_foreign_layers=False,
        view=None,
        on_epoch=None,
        measure=None,
        **kwargs,
    ):
        super().__init__(module, *args, **kwargs)
        self.targets = targets
        self.lesson = lesson
        self.sampler = sampler
        self.step = Step() if step is None else step
        self.patience = patience
        self.restore = restore
        self.schedule = schedule
        self.solved = solved
        self.solved_logits = solved_logits
        self.encoder_rates = encoder_rates
        self.generators = generators
        self.runs_foreign_layers = runs_foreign_layers
        self.view = view
        self.on_epoch = on_epoch
        self.measure = measure

    # -- what skorch asks for ---------------------------------------------------

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    def initialize_history(self):
        """Go on with the history that was given."""
        if self.history_ is None:
            self.history_ = TrainingHistory()
        return self

    def initialize_optimizer(self, triggered_directly=None):
        """Build the optimizer; in a training that continues, schedulers need more."""
        super().initialize_optimizer()
        for group in self.optimizer_.param_groups:
            group.setdefault("initial_lr", group["lr"])
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        args, kwargs = super().get_params_for_optimizer(prefix, [])
        groups = parameter_groups(
            self.module_.heads,
            learning_rate=kwargs.pop("lr", self.lr),
            weight_decay=kwargs.pop("weight_decay", 0.0),
            encoder_rates=self.encoder_rates or {},
        )
        return (groups,), kwargs

    def set_params(self, **params):
        """Set parameters of the training; those of the module are settled."""
        settled = [key for key in params if key.startswith(("module", "criterion"))]
        if settled and self.initialized_:
            raise ValueError(
                f"{settled[0]} cannot be set: the module is built by the encoders and "
                "the fusion, which find the sizes of the data by themselves. Leave out "
                "the callback that sets it (InputShapeSetter, for example)."
            )
        return super().set_params(**params)

    def rows_of(self, training):
        """Return the rows of this training, or those that validate it, or None.

        Parameters
        ----------
        training : bool
        """
        return self._rows_of[training]

    def get_split_datasets(self, X, y=None, **fit_params):
        return X  # (training rows, validation rows or None)

    def get_iterator(self, dataset, training=False):
        if training:
            return self.step.make_batches(self, dataset)
        device = torch.device(self.device)
        return Batches(dataset, self.iterator_valid__batch_size, device)

    def infer(self, x, **fit_params):
        with self.module_.cast_automatically():
            return self.module_(x, self.active_)

    def _set_training(self, training=True):
        super()._set_training(training)
        if training:
            keep_frozen_parts_still(self.module_)

    def __getstate__(self):
        """Leave out what belongs to this training alone (Checkpoint pickles nets)."""
        state = super().__getstate__()
        mine = dict.fromkeys(
            ("view", "on_epoch", "measure", "generators", "lesson", "sampler", "_look")
        )
        return state | {key: value for key, value in mine.items() if key in state}

    # -- callbacks ----------------------------------------------------------------

    def notify(self, method_name, **cb_kwargs):
        """Skip the hooks of a batch that nobody has: they are called the most."""
        if method_name not in _BATCH_HOOKS:
            super().notify(method_name, **cb_kwargs)
        elif self._listens(method_name):
            rows = self._rows_of[cb_kwargs["training"]]
            self.shown_ = ShownBatch(rows, cb_kwargs["batch"])
            super().notify(method_name, **{**cb_kwargs, "batch": self.shown_})
            self.shown_ = None

    @property
    def known_(self):
        """Frames whose blocks are here, a list of (frame, blocks)."""
        sets = [rows for rows in self._rows_of.values() if rows is not None]
        known = [(rows.X, rows.blocks) for rows in sets]
        return known if self.shown_ is None else known + self.shown_.known

    def _listens(self, method_name):
        if method_name not in self._listened:
            # The begin opens the batch's history, in which later hooks may record.
            names = _BATCH_HOOKS if method_name == "on_batch_begin" else (method_name,)
            self._listened[method_name] = any(
                getattr(type(callback), name, None)
                is not getattr(skorch.callbacks.Callback, name)
                for _, callback in self.callbacks_
                for name in names
            )
        return self._listened[method_name]

    # -- steps --------------------------------------------------------------------

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Sum of the heads' losses, and the loss of each."""
        learned = self.learned if training else self.targets
        return total_loss(learned, y_pred, y_true)

    @property
    def learned(self):
        """What the losses of training rows are taken of: lesson or targets."""
        return self.targets if self.lesson is None else self.lesson

    def train_step_single(self, batch, **fit_params):
        return self.step(self, batch)

    def train_step(self, batch, **fit_params):
        """skorch's step without the closure, which AdamW does not need."""
        self.optimizer_.zero_grad()
        with self._global_state():
            step = self.train_step_single(batch)
        if self._listens("on_grad_computed"):
            self.notify(
                "on_grad_computed",
                named_parameters=TeeGenerator(self.get_all_learnable_params()),
                batch=batch,
                training=True,
            )
        self.optimizer_.step()
        return step

    def _global_state(self):
        """Return the context of a step: torch's global generator, where one draws."""
        if not self.runs_foreign_layers:
            return contextlib.nullcontext()
        return global_state(self.generators.foreign)

    def validation_step(self, batch, **fit_params):
        with torch.no_grad():
            outputs = self.infer(batch.blocks)
            losses = head_losses(self.targets, outputs, batch.y)
            return {"loss": losses, "y_pred": outputs}

    # -- epochs -------------------------------------------------------------------

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; a single wait for the device at its end."""
        if iterator is None:
            return
        losses, logits = self._pass(iterator, training, step_fn, prefix)
        if self._has_diverged(losses, training):
            self.diverged_ = True  # and there is nothing that could be mixed
            return
        self._last[prefix].update(losses)
        if training:
            # The last loss of a head that stopped stands for it: no column goes away.
            shown = self._last[prefix]
            loss = float(np.mean([*shown.values()]))
        else:
            self.moments_.update(
                len(self.history), losses, logits, self._measures(logits)
            )
            self.valid_logits_ = {
                **self.moments_.logits,
                **logits,
                **(self.solved_logits or {}),
            }
            shown = {**self.moments_.losses, **losses}
            loss = self._mixed_loss(iterator.rows)
        for head in self.module_.heads:
            self.history.record(f"{head}_{prefix}_loss", shown[head])
        self.history.record(f"{prefix}_loss", loss)
        best = loss < self._best[prefix]
        if best:
            self._best[prefix] = loss
        self.history.record(f"{prefix}_loss_best", bool(best))
        self.history.record(f"{prefix}_batch_count", len(iterator))
        if training:
            self.step.record(self)

    def _has_diverged(self, losses, training):
        if training:
            return self.step.has_diverged(self, losses)
        return not np.isfinite([*losses.values()]).all()

    def _measures(self, logits):
        """Return what each head is stopped by, where that is not its loss."""
        if self.measure is None:
            return None
        return {head: self.measure(head, some) for head, some in logits.items()}

    def _mixed_loss(self, rows):
        """Mix the heads as if the training ended now; return the loss of that."""
        heads = [*self.module_.heads, *self.solved]
        self.mixture_ = Mixture.of_rows(heads, rows, self.valid_logits_, self.targets)
        return mean_loss(self.targets, self.mixture_(self.valid_logits_), rows)

    def _pass(self, iterator, training, step_fn, prefix=None):
        """Return the mean loss of each active head and, in validation, its logits.

        Without a prefix no callback hears of it.
        """
        self._set_training(training)
        if training:
            self.valid_logits_ = {}
        heads = list(self.active_)
        # Sums, not a list: small tensors that stay would lie between large ones that
        # come and go.
        sums, count = 0.0, 0
        released = time.monotonic()
        logits = {head: [] for head in heads}
        halfway = len(iterator) // 2 if len(iterator) >= 20 else None
        told = prefix is not None and self._listens("on_batch_begin")
        for i, batch in enumerate(iterator):
            if training and i == halfway and self._look is not None:
                self._look()
                self._set_training(training)
            if told:
                self.notify("on_batch_begin", batch=batch, training=training)
            if training and self._n_steps:
                self._set_rates()
            step = step_fn(batch)
            if training and not time_left() > self._seconds_to_validate:
                self.cut_ = True
            n_rows = step.get("n_rows", len(batch.rows))
            sums, count = sums + step["loss"].double() * n_rows, count + n_rows
            if not training:
                for head in heads:
                    logits[head].append(step["y_pred"][head].logits.float())
            if told:
                self._record_batch(prefix, step, n_rows)
                self._tell_end(batch, training, step)
            if time.monotonic() - released > _SECONDS_TO_RELEASE:
                memory.release()
                released = time.monotonic()
            if self.cut_ and training:
                break
        if training and not told:
            # Checkpoint names its files after the last batch, among others.
            self.history.new_batch()
            self._record_batch(prefix, step, n_rows)
        means = (sums / count).tolist()
        logits = {
            h: iterator.in_order(torch.cat(part).cpu().numpy())
            for h, part in logits.items()
            if part
        }
        return dict(zip(heads, means)), logits

    def _record_batch(self, prefix, step, n_rows):
        self.history.record_batch(f"{prefix}_loss", float(step["loss"].mean()))
        self.history.record_batch(f"{prefix}_batch_size", n_rows)

    def _tell_end(self, batch, training, step):
        """Tell callbacks of a batch's end: one loss, and the heads' mean logits."""
        if self._listens("on_batch_end"):
            logits = [output.logits.detach() for output in step["y_pred"].values()]
            self.notify(
                "on_batch_end",
                batch=batch,
                training=training,
                loss=step["loss"].mean(),
                y_pred=torch.stack(logits).mean(0) if logits else None,
            )

    def _set_rates(self):
        """Set the learning rates of the next step."""
        factor = rate_factor(self.schedule, self._n_steps_done / self._n_steps)
        self._n_steps_done += 1
        for group in self.optimizer_.param_groups:
            group["lr"] = factor * group["initial_lr"]

    def partial_fit(self, X, y=None, classes=None, epochs=None, **fit_params):
        """Train; skorch's own way would swallow the user's Ctrl-C."""
        rows_train, rows_valid = X
        self._begin(rows_train, rows_valid)
        data = {"X": rows_train.X, "y": rows_train.y}
        self.notify("on_train_begin", **data)
        try:
            self.fit_loop(X, epochs=epochs)
        except KeyboardInterrupt as interrupt:
            self._end(data)
            if not is_request(interrupt, [callback for _, callback in self.callbacks_]):
                raise
            return self
        self._end(data)
        self._warn_if_diverged()
        return self

    def _begin(self, rows_train, rows_valid):
        heads = self.module_.heads
        self._rows_of = {True: rows_train, False: rows_valid}
        self.shown_, self._listened = None, {}
        self._last = {"train": {}, "valid": {}}
        self._best = {"train": np.inf, "valid": np.inf}
        self._look = None
        self.active_ = list(heads)
        # On small data an epoch is few steps: give it a hundred before a head stops.
        n_steps = -(-len(rows_train) // self.batch_size)
        patience = max(self.patience, 100 / n_steps)
        self.moments_ = BestMoments(heads, patience, start=len(self.history))
        self.mixture_ = Mixture.equal([*heads, *self.solved], self.targets)
        self.valid_logits_ = {}
        self.changed_ = self.diverged_ = self.cut_ = False
        self._seconds_to_validate = 0.0
        self.step.begin(self, rows_train)

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """skorch's loop, and: heads stop, a loss that is no number ends it."""
        rows_train, rows_valid = self.get_split_datasets(X)
        batches_train = self.get_iterator(rows_train, training=True)
        batches_valid = None if rows_valid is None else self.get_iterator(rows_valid)
        datasets = {"dataset_train": rows_train, "dataset_valid": rows_valid}
        max_epochs = self.max_epochs if epochs is None else epochs
        # A step of partial_fit is a part of a training whose end is not known.
        scheduled = self.schedule != "constant" and epochs is None
        self._n_steps_done = 0
        self._n_steps = max_epochs * len(batches_train) if scheduled else 0
        earlier = len(self.history)
        for epoch in range(1, 1 + max_epochs):
            self.notify("on_epoch_begin", **datasets)
            if batches_valid is not None and self.patience < np.inf:
                moment = earlier + epoch - 0.5
                self._look = functools.partial(self._look_at, batches_valid, moment)
            self.run_single_epoch(batches_train, True, "train", self.train_step)
            if not self.diverged_:
                start = time.monotonic()
                valid = batches_valid, False, "valid", self.validation_step
                self.run_single_epoch(*valid)
                self._seconds_to_validate = time.monotonic() - start
            if self.diverged_ or self._is_over(rows_valid is not None, datasets):
                return
            self.step.end_epoch(self)

    def _look_at(self, batches_valid, moment):
        """Halfway through an epoch: a head may be at its best there."""
        losses, logits = self._pass(batches_valid, False, self.validation_step)
        self.moments_.update(moment, losses, logits, self._measures(logits))

    def _is_over(self, has_validation, datasets):
        epoch = len(self.history)
        if not has_validation:
            self.moments_.keep_all(epoch, self.active_)
        stop = self.on_epoch is not None and self.on_epoch(self)
        self.notify("on_epoch_end", **datasets)
        if has_validation:
            still = self.moments_.still_learn(epoch, self.active_)
            self.moments_.restore([head for head in self.active_ if head not in still])
            self.active_ = still
        return stop or self.cut_ or not self.active_

    def _end(self, data):
        """Go back to the best moments, where that was asked for; tell callbacks."""
        if self.restore or self.diverged_:
            self.moments_.restore(list(self.module_.heads))
            self.valid_logits_ = self.moments_.logits
            if self.valid_logits_:
                self.valid_logits_ |= self.solved_logits or {}
        self.active_ = list(self.module_.heads)
        self.moments_.forget_weights()
        self.module_.zero_grad()
        before = self._versions()
        self.notify("on_train_end", **data)
        self.changed_ = self._versions() != before

    def _versions(self):
        """Count the changes of all weights; what writes to one raises its count."""
        tensors = (*self.module_.parameters(), *self.module_.buffers())
        return [tensor._version for tensor in tensors]

    def _warn_if_diverged(self):
        from sklearn.exceptions import ConvergenceWarning

        if self.diverged_:
            epoch = len(self.history)
            kept = "last good" if epoch > 1 else "starting, untrained"
            warnings.warn(
                f"The loss was no longer a number in epoch {epoch}; training "
                f"stopped and the {kept} weights are restored. Lower learning_rate "
                f"(now {self.lr:g}), or look for extreme values in X or y.",
                ConvergenceWarning,
                stacklevel=2,
            )
