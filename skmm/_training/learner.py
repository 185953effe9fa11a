"""What is learned from blocks: module, net and mixture, from building to predicting."""

import copy
import warnings

import numpy as np
import torch

from skmm._nn.batch_size import auto_batch_size
from skmm._nn.device import is_here, resolve_device, uses_bfloat16
from skmm._nn.freezing import freeze, is_learnable
from skmm._nn.seeding import seeded
from skmm._training.heads import FusedHead, WideHead
from skmm._training.mixture import Mixture
from skmm._training.module import MultimodalModule
from skmm._training.net import MultimodalNet
from skmm.alignment import make_alignment
from skmm.augmentation import make_mixup
from skmm.fusion import make_fusion
from skmm.fusion._base import FusionSpec


class Learner:
    """The heads of one fit.

    Parameters
    ----------
    options : dict
        The estimator's parameters.
    encoders : dict of str to Encoder
        Fitted.
    targets : ClassificationTargets or RegressionTargets
    prior : ndarray of shape (n_logits,)
        Logits (or standardised mean) for a row of which nothing is known.
    n_rows : int
        Training rows, for ``batch_size="auto"``.
    seed : int

    Attributes
    ----------
    module : MultimodalModule
    net : MultimodalNet
    mixture : Mixture
    """

    def __init__(self, options, encoders, targets, prior, *, n_rows, seed):
        self.options = options
        self.targets = targets
        self.prior = prior
        self.n_rows = n_rows
        self.seed = seed
        self.max_batch_size = min(
            getattr(encoder, "max_batch_size", np.inf) for encoder in encoders.values()
        )
        with seeded(seed, torch.device("cpu")):
            self.module = self._build_module(encoders)
        self.net = self._make_net()
        self.mixture = Mixture(self.module.heads, targets.groups)

    # -- building ---------------------------------------------------------------

    def _build_module(self, encoders):
        """Build encoders, fusion, fused head, alignments and the other heads.

        In this order the encoders' first weights are the same whatever the fusion,
        and the fused head is the same with and without alignments and other heads.
        """
        options, n_outputs = self.options, self.targets.n_logits
        width, depth, dropout = (options[k] for k in ("width", "depth", "dropout"))
        modules = {name: e.build_module(width) for name, e in encoders.items()}
        spec = FusionSpec(list(modules), width, n_outputs, modules, dropout)
        fusion = make_fusion(options["fusion"])
        fused = FusedHead(
            modules,
            fusion.build_module(spec),
            spec,
            depth=depth,
            uses_tokens=getattr(fusion, "uses_tokens", False),
            modality_dropout=options["modality_dropout"],
            mixup=make_mixup(options["mixup"]),
            average=self.targets.average_members,
        )
        alignments = options["alignment"]
        if not isinstance(alignments, (list, tuple)):
            alignments = [] if alignments is None else [alignments]
        fused.align(
            [make_alignment(one).build_module(spec) for one in alignments],
            options["alignment_weight"],
        )
        heads = {"fused": fused}
        if options["mix"]:
            wide = {name: e.build_wide(n_outputs) for name, e in encoders.items()}
            wide = {name: module for name, module in wide.items() if module is not None}
            if wide:
                heads["wide"] = WideHead(wide, n_outputs)
        prior = torch.from_numpy(self.prior).float()
        for head in heads.values():
            head.set_bias(prior)
        self._set_learning(fused)
        return MultimodalModule(heads)

    def _set_learning(self, fused):
        """Freeze encoders and set their learning rates, as the options say."""
        rates, frozen = (self.options[k] for k in ("encoder_learning_rate", "freeze"))
        if not isinstance(rates, dict):
            rates = {} if rates is None else dict.fromkeys(fused.names, rates)
        if frozen is None or isinstance(frozen, str):
            frozen = fused.names if frozen == "encoders" else []
        for name, encoder in zip(fused.names, fused.encoders):
            if name in rates:
                scale = rates[name] / self.options["learning_rate"]
                encoder.fixed_learning_rate_scale = scale
            if name in frozen:
                freeze(encoder)

    @property
    def n_parameters(self):
        """How many numbers are learned, now or once they are no longer frozen."""
        parameters = filter(is_learnable, self.module.parameters())
        return sum(parameter.numel() for parameter in parameters)

    def _make_net(self):
        options = self.options
        device = resolve_device(options["device"])
        batch_size = options["batch_size"]
        if batch_size == "auto":
            batch_size = min(auto_batch_size(self.n_rows), self.max_batch_size)
        net = MultimodalNet(
            self.module,
            criterion=torch.nn.Identity,
            targets=self.targets,
            seed=self.seed,
            autocast=uses_bfloat16(options["precision"], device),
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=options["weight_decay"],
            optimizer__fused=device.type in ("cpu", "cuda"),
            lr=options["learning_rate"],
            schedule=options["learning_rate_schedule"],
            batch_size=batch_size,
            max_epochs=options["max_epochs"],
            callbacks=options["callbacks"],
            callbacks__print_log=None if not options["verbose"] else _print_log(),
            device=str(device),
            compile=options["compile"],
            train_split=None,
            verbose=int(options["verbose"]),
        )
        return net.initialize()

    # -- training -----------------------------------------------------------------

    def train(self, rows_train, rows_valid=None, *, epochs=None, on_epoch=None):
        """Train all heads; each ends at its best epoch on the validation rows.

        Parameters
        ----------
        rows_train, rows_valid : Rows
        epochs : int, default=None
            Exactly so many, without a stop and with the optimizer kept: a step of
            partial_fit. None trains by the options.
        on_epoch : callable, default=None
            Called with the net after each epoch; True stops.
        """
        net = self.net
        device = torch.device(net.device)
        stops = self.options["early_stopping"] and epochs is None
        net.patience = self.options["n_iter_no_change"] if stops else np.inf
        net.restore = stops
        net.on_epoch = None if on_epoch is None else self._in_float32(on_epoch)
        rows_train, rows_valid = _to_device(rows_train, rows_valid, device)
        self.module.set_dtype(torch.float32)
        if net.optimizer_ is None:
            net.initialize_optimizer()
        try:
            with seeded(self.seed + len(net.history), device):
                net.partial_fit((rows_train, rows_valid), epochs=epochs)
        finally:
            net.on_epoch = None
            self.module.zero_grad()
        # Twice the parameters' memory; and its moments are no numbers either once the
        # loss is none.
        if epochs is None or net.diverged_:
            net.optimizer_ = None

    def _in_float32(self, on_epoch):
        """A monitor that predicts leaves the module in float64: training goes on."""

        def call(net):
            try:
                return on_epoch(net)
            finally:
                self.module.set_dtype(torch.float32)

        return call

    def mix(self, rows_valid, logits=None):
        """Fit the mixture of the heads on the validation rows' logits.

        Parameters
        ----------
        rows_valid : Rows or None
            None mixes with equal weights.
        logits : dict of str to ndarray, default=None
            None takes those of the weights that the training ended with.
        """
        heads = list(self.module.heads)
        if logits is None:
            logits = self.net.keeper_.logits
            if not self.net.restored_:
                logits = {**logits, **self.net.valid_logits_}
        known = rows_valid is not None and set(logits) == set(heads)
        if len(heads) == 1 or not known or not rows_valid.weight.sum() > 0:
            self.mixture = Mixture(heads, self.targets.groups)
        else:
            self.mixture = Mixture.fit(
                {head: logits[head] for head in heads},
                rows_valid.codes.cpu().numpy(),
                rows_valid.weight.cpu().numpy(),
                self.targets,
            )

    # -- prediction ---------------------------------------------------------------

    def predict(self, blocks):
        """Give the mixture's logits, (n_samples, n_logits) float64."""
        heads = [
            head
            for head, weight in zip(self.mixture.heads, self.mixture.weights.T)
            if weight.any()
        ]
        # All weights can be zero in regression: then the mean is predicted.
        mixed = self.mixture(self._run(blocks, heads or ["fused"], "logits"))
        present = np.stack([block.present.numpy() for block in blocks.values()])
        return np.where(present.any(axis=0)[:, None], mixed, self.prior)

    def embed(self, blocks):
        """Give the fused embedding, (n_samples, out_features) float64."""
        return self._run(blocks, ["fused"], "embedding")["fused"]

    def _run(self, blocks, heads, part):
        # In float64 a row's result does not depend on its batch; on a GPU, and with
        # bfloat16 asked for, speed comes first.
        in_float64 = self.net.device == "cpu" and not self.net.autocast
        self.module.set_dtype(torch.float64 if in_float64 else torch.float32)
        return self.net.predict_heads(blocks, heads, part)

    # -- pickling -------------------------------------------------------------------

    def __getstate__(self):
        """On the CPU whatever the device was: loads where there is no GPU."""
        state = {k: v for k, v in vars(self).items() if k != "net"}
        on_cpu = self.net.device == "cpu"
        state["module"] = self.module if on_cpu else copy.deepcopy(self.module).cpu()
        state["history"] = self.net.history.to_list()
        optimizer = self.net.optimizer_
        state["optimizer"] = None if optimizer is None else optimizer.state_dict()
        state["generator"] = getattr(self.net, "generator_", None)
        if state["generator"] is not None:
            state["generator"] = state["generator"].get_state()
        return state

    def __setstate__(self, state):
        history, optimizer, generator = (
            state.pop(key) for key in ("history", "optimizer", "generator")
        )
        vars(self).update(state)
        self.options = dict(self.options)
        if self.options["device"] != "auto" and not is_here(self.options["device"]):
            warnings.warn(
                f"This model was fitted with device={self.options['device']!r}, which "
                "is not here; it is loaded on the CPU.",
                UserWarning,
                stacklevel=2,
            )
            self.options["device"] = "auto"
        self.net = self._make_net()
        self.net.history.extend(history)
        self.net.optimizer_ = None
        if optimizer is not None:
            self.net.initialize_optimizer()
            self.net.optimizer_.load_state_dict(optimizer)
        if generator is not None:
            self.net.generator_ = torch.Generator()
            self.net.generator_.set_state(generator)

    def snapshot(self, rows_valid):
        """Give a view of this moment that predicts, for monitors during training."""
        view = Learner.__new__(Learner)
        vars(view).update(vars(self))
        # A resting head has no logits of this epoch: those of its best one stand.
        logits = {**self.net.keeper_.logits, **self.net.valid_logits_}
        view.mix(rows_valid, logits)
        return view


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


def _print_log():
    from skorch.callbacks import PrintLog

    return PrintLog()
