"""The skorch net under the estimators: batches, losses, and each head's best epoch."""

import functools
import time
import warnings

import numpy as np
import skorch
import torch
from skorch.callbacks import EpochTimer, PrintLog
from skorch.utils import TeeGenerator

from skmm._nn.freezing import keep_frozen_parts_still
from skmm._training.batches import Batches
from skmm._training.best_moments import HeadKeeper
from skmm._training.learning_rates import rate_factor, scaled_parameters
from skmm._training.rows import Rows
from skmm._utils import memory

#: Of training, from one time that free memory is given back to the next.
_SECONDS_TO_RELEASE = 1.0
_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class MultimodalNet(skorch.NeuralNet):
    """A skorch net over :class:`~skmm._training.module.MultimodalModule`.

    What differs from a plain skorch net: data come as :class:`Rows` (training and
    validation separately), a batch is one cut through all blocks, each head has a
    loss of its own, losses stay on the device until the epoch ends.

    Parameters
    ----------
    module : MultimodalModule
    targets : ClassificationTargets or RegressionTargets
    patience : int or float, default=inf
    restore : bool, default=True
        Put back each head's best weights after training.
    seed : int, default=0
        Of the order of the batches.
    autocast : bool, default=False
        Train and predict under bfloat16 autocast.
    on_epoch : callable or None, default=None
        Called with the net after each epoch; True stops the training.
    schedule : {"constant", "linear", "cosine"}, default="constant"
        Of the learning rates.
    **kwargs
        As of :class:`skorch.NeuralNet`.
    """

    def __init__(
        self,
        module,
        *args,
        targets=None,
        patience=np.inf,
        restore=True,
        seed=0,
        autocast=False,
        on_epoch=None,
        schedule="constant",
        **kwargs,
    ):
        super().__init__(module, *args, **kwargs)
        self.targets = targets
        self.patience = patience
        self.restore = restore
        self.seed = seed
        self.autocast = autocast
        self.on_epoch = on_epoch
        self.schedule = schedule

    # -- what skorch asks for ---------------------------------------------------

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    def get_params_for_optimizer(self, prefix, named_parameters):
        args, kwargs = super().get_params_for_optimizer(prefix, [])
        rate = kwargs.pop("lr", self.lr)
        decay = kwargs.pop("weight_decay", 0.0)
        groups = {}
        for head, module in self.module_.heads.items():
            for scale, decays, parameter in scaled_parameters(module):
                groups.setdefault((head, scale, decays), []).append(parameter)
        groups = [
            {
                "params": parameters,
                "lr": rate * scale,
                "weight_decay": decay * decays,
                "head": head,
            }
            for (head, scale, decays), parameters in groups.items()
        ]
        return (groups,), kwargs

    def get_split_datasets(self, X, y=None, **fit_params):
        return X  # (training rows, validation rows or None)

    def get_iterator(self, dataset, training=False):
        generator = None
        if training:
            if not hasattr(self, "generator_"):
                self.generator_ = torch.Generator().manual_seed(self.seed)
            generator = self.generator_
        # Without gradients four times the rows take no more memory.
        batch_size = self.batch_size if training else max(4 * self.batch_size, 1024)
        return Batches(dataset, batch_size, torch.device(self.device), generator)

    def infer(self, x, **fit_params):
        if not self.autocast:
            return self.module_(x)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            return self.module_(x)

    def _set_training(self, training=True):
        super()._set_training(training)
        if training:
            keep_frozen_parts_still(self.module_)

    def notify(self, method_name, **cb_kwargs):
        """Skip the hooks of a batch that nobody has: they are called the most."""
        if method_name in _BATCH_HOOKS and not self._listens(method_name):
            return
        super().notify(method_name, **cb_kwargs)

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

    def head_losses(self, outputs, y):
        """Weighted mean loss of each head, a tensor (n_heads,)."""
        codes, weight = y

        def loss_of(out):
            loss = self.targets.row_loss(out.logits.float(), codes) * weight
            if out.mixing is None:
                return loss.mean()
            partner, share, _ = out.mixing
            other = self.targets.row_loss(out.logits.float(), codes[partner])
            return (share * loss + (1 - share) * other * weight[partner]).mean()

        return torch.stack([loss_of(out) for out in outputs.values()])

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Sum of the heads' losses; no head's gradient reaches another head."""
        losses = self.head_losses(y_pred, y_true)
        loss = losses.sum()
        for output in y_pred.values():
            if output.loss is not None:
                loss = loss + output.loss
            if output.auxiliary is not None:
                loss = loss + self._auxiliary_loss(output, y_true)
        return loss, losses.detach()

    def _auxiliary_loss(self, output, y):
        codes, weight = y
        logits = output.auxiliary.float().unbind(1)

        def losses_of(codes, weight):
            losses = [self.targets.row_loss(one, codes) for one in logits]
            losses = torch.stack(losses, dim=1) * output.auxiliary_weights
            return losses.sum(1) * weight

        losses = losses_of(codes, weight)
        if output.mixing is not None:
            partner, share, _ = output.mixing
            others = losses_of(codes[partner], weight[partner])
            losses = share * losses + (1 - share) * others
        return losses.mean()

    def train_step_single(self, batch, **fit_params):
        outputs = self.infer(batch[0])
        loss, losses = self.get_loss(outputs, batch[1], training=True)
        loss.backward()
        return {"loss": losses, "y_pred": outputs}

    def train_step(self, batch, **fit_params):
        """skorch's step without the closure, which AdamW does not need."""
        self.optimizer_.zero_grad()
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

    def validation_step(self, batch, **fit_params):
        with torch.no_grad():
            outputs = self.infer(batch[0])
            return {"loss": self.head_losses(outputs, batch[1]), "y_pred": outputs}

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; a single wait for the device at its end."""
        if iterator is None:
            return
        losses, logits = self._pass(iterator, training, step_fn)
        for head, loss in losses.items():
            self.history.record(f"{head}_{prefix}_loss", loss)
        self._last[prefix].update(losses)
        # A resting head's last loss stands for it, so that the mean does not jump.
        mean = float(np.mean([*self._last[prefix].values()]))
        self.history.record(f"{prefix}_loss", mean)
        if not training:
            self.valid_losses_, self.valid_logits_ = losses, logits

    def _pass(self, iterator, training, step_fn):
        """Give the mean loss of each active head and, in validation, its logits."""
        self._set_training(training)
        heads = list(self.module_.active)
        # Sums, not a list: small tensors that stay would lie between large ones that
        # come and go.
        sums, count = 0.0, 0
        released = time.monotonic()
        logits = {head: [] for head in heads}
        halfway = len(iterator) // 2 if len(iterator) >= 20 else None
        for i, batch in enumerate(iterator):
            if training and i == halfway and self._look is not None:
                self._look()
                self._set_training(training)
            self.notify("on_batch_begin", batch=batch, training=training)
            if training and self._n_steps:
                self._set_rates()
            step = step_fn(batch)
            n_rows = len(batch[1][1])
            sums, count = sums + step["loss"].double() * n_rows, count + n_rows
            if not training:
                for head in heads:
                    logits[head].append(step["y_pred"][head].logits.float())
            self.notify("on_batch_end", batch=batch, training=training, **step)
            if time.monotonic() - released > _SECONDS_TO_RELEASE:
                memory.release()
                released = time.monotonic()
        means = (sums / count).tolist()
        logits = {
            h: iterator.in_order(torch.cat(part).cpu().numpy())
            for h, part in logits.items()
            if part
        }
        return dict(zip(heads, means)), logits

    def _set_rates(self):
        """Set the learning rates of the next step."""
        factor = rate_factor(self.schedule, self._n_steps_done / self._n_steps)
        self._n_steps_done += 1
        for group in self.optimizer_.param_groups:
            group["lr"] = factor * group.setdefault("first_lr", group["lr"])

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """skorch's loop, and: heads rest, a loss that is no number stops it."""
        rows_train, rows_valid = self.get_split_datasets(X)
        batches_train = self.get_iterator(rows_train, training=True)
        batches_valid = None if rows_valid is None else self.get_iterator(rows_valid)
        datasets = {"dataset_train": rows_train, "dataset_valid": rows_valid}
        self._listened = {}
        self._last = {"train": {}, "valid": {}}
        # On small data an epoch is few steps: give it a hundred before it rests.
        patience = max(self.patience, 100 / len(batches_train))
        self.keeper_ = HeadKeeper(self.module_, patience)
        self._look = None
        max_epochs = self.max_epochs if epochs is None else epochs
        # A step of partial_fit is a part of a training whose end is not known.
        scheduled = self.schedule != "constant" and epochs is None
        self._n_steps_done = 0
        self._n_steps = max_epochs * len(batches_train) if scheduled else 0
        self.interrupted_ = self.diverged_ = False
        self.valid_losses_, self.valid_logits_ = {}, {}
        try:
            for epoch in range(1, 1 + max_epochs):
                self.notify("on_epoch_begin", **datasets)
                if batches_valid is not None and self.patience < np.inf:
                    self._look = functools.partial(self._look_at, batches_valid, epoch)
                self.run_single_epoch(batches_train, True, "train", self.train_step)
                self.run_single_epoch(
                    batches_valid, False, "valid", self.validation_step
                )
                if not np.isfinite(self.history[-1, "train_loss"]):
                    self.diverged_ = True
                    break
                if self._is_over(epoch, rows_valid is not None, datasets):
                    break
        except KeyboardInterrupt:
            self.interrupted_ = True
        self.restored_ = self.restore or self.diverged_ or self.interrupted_
        if self.restored_:
            self.keeper_.restore()
        self.keeper_.forget_weights()
        self.module_.active = list(self.module_.heads)
        self.module_.eval()
        self._warn_if_stopped()

    def _look_at(self, batches_valid, epoch):
        """Halfway through an epoch: a head may be at its best there."""
        found = self._pass(batches_valid, False, self.validation_step)
        self.keeper_.update(epoch - 0.5, *found)

    def _is_over(self, epoch, has_validation, datasets):
        if has_validation:
            active = self.keeper_.update(epoch, self.valid_losses_, self.valid_logits_)
        else:
            self.keeper_.keep_all(epoch)
            active = self.module_.active
        stop = self.on_epoch is not None and self.on_epoch(self)
        try:
            self.notify("on_epoch_end", **datasets)
        except KeyboardInterrupt:  # how skorch's callbacks, EarlyStopping say stop
            stop = True
        self.module_.active = active
        return stop or not active

    def _warn_if_stopped(self):
        from sklearn.exceptions import ConvergenceWarning

        epoch = len(self.history)
        if self.interrupted_:
            warnings.warn(
                f"Training was interrupted in epoch {epoch}; the best weights until "
                "then are kept.",
                ConvergenceWarning,
                stacklevel=2,
            )
        if self.diverged_:
            kept = "last good" if epoch > 1 else "starting, untrained"
            warnings.warn(
                f"The training loss was no longer a number in epoch {epoch}; training "
                f"stopped and the {kept} weights are restored. Lower learning_rate "
                f"(now {self.lr:g}), or look for extreme values in X or y.",
                ConvergenceWarning,
                stacklevel=2,
            )

    # -- prediction ---------------------------------------------------------------

    @torch.inference_mode()
    def predict_heads(self, blocks, heads, part):
        """Give one part of some heads' outputs: dict of str to float64 array.

        Parameters
        ----------
        blocks : dict of str to Block
        heads : list of str
        part : {"logits", "embedding"}
        """
        self.module_.eval()
        self.module_.active = list(heads)
        batches = {head: [] for head in heads}
        try:
            iterator = self.get_iterator(Rows(blocks))
            for batch, _ in iterator:
                for head, output in self.infer(batch).items():
                    batches[head].append(getattr(output, part).double().cpu().numpy())
        finally:
            self.module_.active = list(self.module_.heads)
        return {
            head: iterator.in_order(np.concatenate(parts))
            for head, parts in batches.items()
        }
