"""What the estimators share: validation, X to blocks, fit, predict."""

from __future__ import annotations

import copy
import numbers
import os
import time
import warnings
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import scipy.sparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skmm._calibrated import CalibrationMixin
from skmm._composition import MultimodalComposition
from skmm._data.frames import as_frame, is_named_table, take_rows
from skmm._saving import SavingMixin
from skmm._utils.compat import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
    safe_indexing,
    with_callbacks,
)
from skmm._utils.step_cache import Steps
from skmm.modalities._selection import order_as_fitted
from skmm.privacy import PrivacySpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.base import BaseEstimator

    from skmm._utils.typing import (
        AdversarialLike,
        Alignments,
        ArrayLike,
        Balance,
        CellsLike,
        Columns,
        Label,
        Mixups,
        Names,
        PathLike,
        Pretrained,
        RandomState,
        Sampler,
        Scoring,
        TableLike,
        Transformed,
        Validation,
    )
    from skmm.fusion import Fusion
    from skmm.modalities.readers import Reader


class BaseMultimodal(
    ClassNamePrefixFeaturesOutMixin,
    CallbackSupportMixin,
    TransformerMixin,
    CalibrationMixin,
    SavingMixin,
    MultimodalComposition,
):
    """Base of :class:`MultimodalClassifier` and :class:`MultimodalRegressor`."""

    _parameter_constraints = {
        **MultimodalComposition._parameter_constraints,
        "modalities": [StrOptions({"auto"}), list, tuple],
        "kinds": [dict, None],
        "pretrained": [StrOptions({"auto", "tuned"}), "boolean"],
        "memory": [str, os.PathLike, None],
        "alignment_weight": [Interval(numbers.Real, 0, None, closed="left")],
        "modality_dropout": [Interval(numbers.Real, 0, 1, closed="left")],
        "balance": [StrOptions({"pareto", "detached", "blending"}), None],
        "sampler": [StrOptions({"balanced", "curriculum"}), callable, None],
        "teacher": [HasMethods("predict"), None],
        "distillation_weight": [Interval(numbers.Real, 0, 1, closed="both")],
        "heads": [StrOptions({"auto"}), list, tuple],
        "refit": ["boolean"],
        "width": [Interval(numbers.Integral, 1, None, closed="left")],
        "depth": [Interval(numbers.Integral, 0, None, closed="left")],
        "dropout": [Interval(numbers.Real, 0, 1, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "learning_rate_schedule": [StrOptions({"constant", "linear", "cosine"})],
        "encoder_learning_rate": [
            Interval(numbers.Real, 0, None, closed="neither"),
            dict,
            None,
        ],
        "freeze": [StrOptions({"encoders"}), list, tuple, None],
        "init": [str, os.PathLike, HasMethods("predict"), None],
        "weight_decay": [Interval(numbers.Real, 0, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(numbers.Integral, 1, None, closed="left"),
        ],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation": [
            StrOptions({"auto"}),
            Interval(numbers.Real, 0, 1, closed="neither"),
            "cv_object",
            tuple,
            None,
        ],
        "scoring": [str, callable, None],
        "time_limit": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "privacy": [PrivacySpec, None],
        "n_iter_no_change": [Interval(numbers.Integral, 1, None, closed="left")],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "compile": ["boolean"],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "random_state": ["random_state"],
        "root": [str, os.PathLike, None],
        "verbose": ["verbose"],
        "n_jobs": [None, numbers.Integral],
    }

    def __init__(
        self,
        modalities: Literal["auto"] | Sequence[tuple[str, Any, Columns]] = "auto",
        *,
        kinds: Mapping[Label, str | Reader] | None = None,
        pretrained: Pretrained = "auto",
        memory: PathLike | None = None,
        fusion: str | Fusion | type = "concat",
        alignment: Alignments = None,
        alignment_weight: float = 0.1,
        modality_dropout: float = 0.0,
        mixup: Mixups = None,
        balance: Balance = None,
        adversarial: AdversarialLike = None,
        sampler: Sampler = None,
        teacher: BaseEstimator | None = None,
        distillation_weight: float = 0.5,
        heads: Literal["auto"] | Sequence[str | tuple[str, BaseEstimator]] = "auto",
        refit: bool = True,
        width: int = 64,
        depth: int = 1,
        dropout: float = 0.2,
        learning_rate: float = 3e-3,
        learning_rate_schedule: Literal["constant", "linear", "cosine"] = "constant",
        encoder_learning_rate: float | dict[str, float] | None = None,
        freeze: Literal["encoders"] | Names | None = None,
        init: BaseEstimator | PathLike | None = None,
        weight_decay: float = 1e-2,
        batch_size: int | Literal["auto"] = "auto",
        max_epochs: int = 100,
        early_stopping: bool = True,
        validation: Validation = "auto",
        n_iter_no_change: int = 2,
        scoring: Scoring | None = None,
        time_limit: float | None = None,
        privacy: PrivacySpec | None = None,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        compile: bool = False,
        warm_start: bool = False,
        callbacks: Sequence[Any] | None = None,
        random_state: RandomState = None,
        root: PathLike | None = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.modalities = modalities
        self.kinds = kinds
        self.pretrained = pretrained
        self.memory = memory
        self.fusion = fusion
        self.alignment = alignment
        self.alignment_weight = alignment_weight
        self.modality_dropout = modality_dropout
        self.mixup = mixup
        self.balance = balance
        self.adversarial = adversarial
        self.sampler = sampler
        self.teacher = teacher
        self.distillation_weight = distillation_weight
        self.heads = heads
        self.refit = refit
        self.width = width
        self.depth = depth
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.encoder_learning_rate = encoder_learning_rate
        self.freeze = freeze
        self.init = init
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation = validation
        self.n_iter_no_change = n_iter_no_change
        self.scoring = scoring
        self.time_limit = time_limit
        self.privacy = privacy
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.root = root
        self.verbose = verbose
        self.n_jobs = n_jobs

    # -- fit --------------------------------------------------------------------

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: TableLike,
        y: CellsLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn encoders, fusion and heads from rows with a target.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
            A column may hold numbers, categories, dates, free text, vectors; any
            cell may be missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target, without missing values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in all losses.
        groups : array-like of shape (n_samples,), default=None
            Groups that the validation split keeps together.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            For input that cannot be learned from; the message names column, rows and
            remedy, and the estimator is left as it was.
        """
        from skmm._nn.device import learning
        from skmm._training.clock import ending_at, now

        self._check_private_fit(sample_weight)
        n_folds = max(self._n_folds, 1)
        context = self._init_callback_context(max_subtasks=n_folds * self.max_epochs)
        # All is done on a copy: whatever happens, this estimator stays as it is.
        fitted = copy.copy(self)
        limit = np.inf if self.time_limit is None else self.time_limit
        with learning(), ending_at(now() + limit):
            fitted._fit(X, y, sample_weight, groups, context, self)
        fitted._warn_of_cuts()
        return self._become(fitted)

    def _fit(self, X, y, sample_weight, groups, context, original):
        """Fit this estimator in place: a copy of the original, which callbacks know."""
        from skmm._training.summary import summarise

        start, from_scratch = time.perf_counter(), not self._continues()
        frame, y, weight, groups = self._read_training(
            X, y, sample_weight, groups, from_scratch=from_scratch
        )
        context.call_on_fit_task_begin(
            estimator=original, X=X, y=y, metadata={"sample_weight": sample_weight}
        )
        if self.privacy is not None:
            from skmm._training.private._refusals import check_private_size

            check_private_size(self.privacy, len(frame))
        train, valid, folds, crossing = self._split(frame, y, weight, groups)
        rows_train, rows_valid = self._prepare(
            frame, train, valid, from_scratch=from_scratch, folds=folds
        )
        logits = self._learner.train(
            self.get_params(deep=False),
            rows_train,
            rows_valid if folds is None else folds,
            view=self._view,
            on_epoch=self._bridge(context, original, train),
            # A user's own validation rows are never trained on.
            refit=self.refit and not isinstance(self.validation, tuple),
            crossing=crossing,
            steps=self._steps,
        )
        self._set_learned_attributes()
        self._remember_validation(logits, rows_train, rows_valid, folds)
        if self.privacy is None:  # counts of rows and classes are not covered by it
            self._summary = summarise(
                frame, self._targets, rows_train, rows_valid, folds
            )
        else:
            self._summary = None
        if self.verbose:
            self._print_end(time.perf_counter() - start)
        known = [(rows_train.X, rows_train.blocks)]
        context.call_on_fit_task_end(
            estimator=original,
            X=train[0],
            y=train[1],
            metadata={"sample_weight": train[2]},
            reconstruction_attributes=vars(self._view(self._learner, known)),
        )

    def _check_private_fit(self, sample_weight):
        """Raise for what comes with a call of fit, if the training is private."""
        if self.privacy is not None:
            from skmm._training.private._refusals import check_private_fit

            check_private_fit(self, sample_weight)

    def _partial_fit(self, X, y, sample_weight=None, classes=None):
        """One epoch over these rows: no split, no early stop."""
        if self.privacy is not None:
            from skmm._training.private._refusals import refuse_partial_fit

            refuse_partial_fit()
        from skmm._nn.device import learning

        fitted = copy.copy(self)
        from_scratch = not self.__sklearn_is_fitted__()
        with learning():
            frame, y, weight, _ = fitted._read_training(
                X, y, sample_weight, classes=classes, from_scratch=from_scratch
            )
            rows, _ = fitted._prepare(
                frame,
                (frame, y, weight),
                None,
                from_scratch=from_scratch,
                incremental=True,
            )
            params = self.get_params(deep=False)
            fitted._learner.train(params, rows, epochs=1, view=fitted._view)
            fitted._set_learned_attributes()
            fitted._calibration = fitted._summary = None
        return self._become(fitted)

    def _become(self, fitted):
        """Take over what a copy has learned, all at once."""
        self.__dict__ = vars(fitted)
        return self

    def _read_training(
        self, X, y, sample_weight, groups=None, *, classes=None, from_scratch=True
    ):
        """Validate; return frame, targets, weights and groups of the rows that count.

        ``from_scratch=False`` continues the fit before.
        """
        if not from_scratch:
            from skmm._training.options import check_structure

            check_structure(self._structure, self.get_params(deep=False))
        frame = self._read_frame(X, reset=from_scratch)
        y = self._check_y(y)
        check_consistent_length(X, y)
        weight = check_sample_weight(
            sample_weight, frame, dtype=np.float64, ensure_non_negative=True
        )
        weight = _summable(weight)
        if groups is not None:
            groups = np.asarray(groups)
            check_consistent_length(X, groups)
        rows = self._drop_weightless(frame, y, weight, groups)
        self._set_seed(from_scratch)
        frame, y, weight, groups = rows
        if from_scratch:
            self._targets = self._make_targets(y, weight, classes)
        else:
            self._targets = self._targets.after(y)
        weight = _summable(weight * self._class_weights(y))
        return self._drop_weightless(frame, y, weight, groups)

    def _set_seed(self, from_scratch):
        """Draw a seed; a fit that continues keeps its own, unless it is given another.

        So the rows that validate stay the same while a fit continues.
        """
        from skmm._training.options import is_same

        if from_scratch or not is_same(self._random_state, self.random_state):
            self._random_state = self.random_state
            self._fit_seed = int(
                check_random_state(self.random_state).randint(2**31 - 1)
            )

    def _drop_weightless(self, frame, y, weight, groups):
        """Leave out the rows of weight zero."""
        kept = np.flatnonzero(weight > 0)
        if len(kept) == len(weight):
            return frame, y, weight, groups
        if not len(kept):
            raise ValueError(
                f"The weights of all {len(weight)} rows are zero. Give at least one "
                "row a positive weight."
            )
        groups = None if groups is None else groups[kept]
        frame = self._steps(take_rows, frame, rows=kept)
        return frame, safe_indexing(y, kept), weight[kept], groups

    def _read_frame(self, X, reset):
        """Read X as a pandas frame, with scikit-learn's checks of names and width."""
        if scipy.sparse.issparse(X):
            raise TypeError(
                "Sparse data was passed for X, but dense data is required. Put the "
                "transformer that made it in an encoder's place, "
                "modalities=[('name', transformer, columns)]: its sparse output is "
                "kept sparse there."
            )
        if not reset and self._is_as_fitted(X):
            return X
        names = None if reset else getattr(self, "feature_names_in_", None)
        frame = self._steps(as_frame, X, columns=names)
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise ValueError(
                f"X has columns of the same name: {list(repeated.unique()[:5])}. "
                "Rename them."
            )
        named = frame if is_named_table(X) else X
        validate_data(self, named, reset=reset, skip_check_array=True)
        if reset:
            self.n_features_in_ = frame.shape[1]
        if frame.shape[1] == 0:
            raise ValueError(
                f"0 feature(s) (shape={frame.shape}) while a minimum of 1 is required."
            )
        if frame.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is "
                f"expecting {self.n_features_in_} features as input."
            )
        if len(frame) == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={frame.shape}) while a minimum "
                "of 1 is required: X is empty."
            )
        if reset:
            self._labels = frame.columns
        return order_as_fitted(frame, self._labels)

    def _is_as_fitted(self, X):
        """Tell if X is a frame with the fitted columns, of which nothing is to check.

        Most predictions are of such frames, and where rows are few, checks are felt.
        """
        import pandas as pd

        is_frame = isinstance(X, pd.DataFrame) and len(X) > 0
        return is_frame and X.columns.equals(self._labels)

    def _split(self, frame, y, weight, groups):
        """Return (frame, y, weight) of the training and of the validation rows.

        Third, where each fold of the training rows validates once, is each row's fold;
        fourth, where the training rows are few, a fold of each for the solved heads.
        """
        from skmm._training.split import assign_folds, cross_folds, split_rows

        if self.privacy is not None:
            return (frame, y, weight), None, None, None  # all rows train
        if self._n_folds:
            folds = assign_folds(
                self._n_folds,
                self._targets.strata(y),
                groups,
                stratify=self._targets.has_classes,
                random_state=self._fit_seed,
            )
            return (frame, y, weight), None, folds if folds.max() >= 0 else None, None
        if isinstance(self.validation, tuple):
            X_valid, y_valid = self.validation
            y_valid = self._check_y(y_valid)
            frame_valid = self._read_frame(X_valid, reset=False)
            check_consistent_length(X_valid, y_valid)
            valid = (frame_valid, y_valid, self._class_weights(y_valid))
            return (frame, y, weight), valid, None, None
        train, valid = split_rows(
            self.validation,
            frame,
            self._targets.strata(y),
            groups,
            stratify=self._targets.has_classes,
            random_state=self._fit_seed,
        )
        if not len(valid):
            return (frame, y, weight), None, None, None
        crossing = None
        if isinstance(self.validation, str) and self._targets.tasks is None:
            crossing = cross_folds(
                y[train],
                None if groups is None else groups[train],
                stratify=self._targets.is_classification,
                random_state=self._fit_seed,
            )
        train, valid = (
            (
                self._steps(take_rows, frame, rows=rows),
                safe_indexing(y, rows),
                weight[rows],
            )
            for rows in (train, valid)
        )
        return train, valid, None, crossing

    @property
    def _n_folds(self):
        """How many folds of the rows are to validate, each once; 0 for another way."""
        is_number = isinstance(self.validation, numbers.Integral)
        return int(self.validation) if is_number else 0

    def _prepare(self, X, train, valid, from_scratch, incremental=False, folds=None):
        """Fit the encoders on the training rows; return both sets as Rows."""
        from skmm._training.options import remember_structure
        from skmm._training.preparation import Preparation
        from skmm._training.transfer import load_transfer

        frame, y, weight = train
        params = self.get_params(deep=False)
        if from_scratch:
            preparation = Preparation(self.n_jobs)
            preparation.resolve(params, X, frame, self._steps)
            transfer = load_transfer(self.init, preparation.modalities, self.width)
            preparation.start_from(transfer)
            blocks = preparation.fit_transform(
                frame,
                y if self._targets.tasks is None else None,
                weight,
                self._reading(),
                self._steps,
            )
            self._preparation = preparation
            self._structure = remember_structure(params)
            self._learner = self._make_learner(blocks, y, weight, incremental, folds)
            for one in self._learner.members:
                transfer.copy_weights(one.module)
            preparation.check_transfer(frame, blocks, self.verbose)
        else:
            self._preparation = copy.copy(self._preparation)
            self._preparation.n_jobs = self.n_jobs
            self._preparation.check_named(params)
            blocks = self._transform(frame)
            self._preparation.check_drift(frame, blocks)
            if not incremental:
                self._check_folds(folds)
            self._learner = self._learner.copy()
            self._learner.continue_with(self._fit_seed, self._targets)
        rows_train = self._make_rows(blocks, frame, y, weight)
        if valid is None:
            return rows_train, None
        frame, y, weight = valid
        blocks = self._transform(frame)
        return rows_train, self._make_rows(blocks, frame, y, weight)

    def _transform(self, frame):
        """Give the blocks of rows other than those that the encoders are fitted on."""
        return self._preparation.transform(frame, self._reading(), self._steps)

    def _reading(self):
        """Return what counts for all that the encoders read."""
        from skmm._nn.device import is_here
        from skmm.io._defaults import get_defaults

        # What was fitted on a GPU may predict where there is none.
        device = "auto"
        if self.device != "auto" and is_here(self.device):
            device = self.device
        # The rest is what surrounds the call; processes are handed it, too.
        return get_defaults()._replace(
            root=self.root, progress=True if self.verbose else "auto", device=device
        )

    def _make_rows(self, blocks, frame, y, weight):
        import torch

        from skmm._training.rows import Rows

        codes = torch.from_numpy(np.ascontiguousarray(self._targets.encode(y)))
        # A row with no modality teaches nothing: it gets the prior at predict.
        anything = torch.stack([b.present for b in blocks.values()]).any(0).numpy()
        weight = weight * anything
        # A mean over the rows is one more thing that would have to be private.
        mean = weight.mean() if self.privacy is None else 1.0
        weight = torch.from_numpy(
            (weight / (mean if mean > 0 else 1)).astype(np.float32)
        )
        return Rows(blocks, codes, weight, frame, y)

    def _make_learner(self, blocks, y, weight, incremental, folds):
        from skmm._training.folds import FoldLearner, seeds_of
        from skmm._training.learner import Learner

        members = [
            Learner(
                self.get_params(deep=False),
                {name: encoder for name, encoder, _ in self._preparation.modalities},
                self._targets,
                self._targets.prior(self._targets.encode(y), weight),
                seed=seed,
                blocks=blocks,
                incremental=incremental,
            )
            for seed in seeds_of(self._fit_seed, _count_folds(folds))
        ]
        return members[0] if folds is None else FoldLearner(members)

    def _check_folds(self, folds):
        """Raise if a fit that continues has other folds than the one before."""
        before, now = len(self._learner.members), _count_folds(folds)
        if before != now:
            raise ValueError(
                f"validation={self.validation!r} trains {now} models side by side, and "
                f"the fit that this one continues trained {before}. Set validation= "
                "back, or fit anew with warm_start=False."
            )

    def _set_learned_attributes(self):
        from skmm.encoders._pretrained import find_weights

        learner = self._learner
        self.modalities_ = [
            (name, encoder, self._labels[positions].tolist())
            for name, encoder, positions in self._preparation.modalities
        ]
        self.pretrained_ = {
            name: weights
            for name, encoder, _ in self.modalities_
            if (weights := find_weights(encoder))
        }
        if learner.fused is not None:
            self._n_features_out = learner.fused.out_features
        self.n_parameters_ = learner.n_parameters
        self.history_ = learner.history
        self.n_iter_ = len(learner.history)
        self.best_epoch_ = dict(learner.best_epochs)
        self.head_weights_ = learner.mixture.shares
        self.validation_score_ = learner.validation_score
        vars(self).pop("privacy_", None)  # of a fit before
        if learner.spent is not None:
            self.privacy_ = learner.spent

    def _warn_of_cuts(self):
        """Warn of what was left out for want of time."""
        from sklearn.exceptions import ConvergenceWarning

        told = str(self._learner.cuts)
        if told:
            warnings.warn(
                f"The time_limit of {self.time_limit:g} s is over: {told}. Raise "
                "time_limit for a better model.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _print_end(self, seconds):
        """Print what the training came to, in one line."""
        shares = self._learner.mixture.shares
        heads = [f"{h} {np.mean(w):.2f}" for h, w in shares.items()]
        for i, head in enumerate(shares):
            if head in self.best_epoch_:
                heads[i] += f" (epoch {self.best_epoch_[head]:g})"
        score = self.validation_score_
        told = "no validation" if score is None else f"validation score {score:.4f}"
        print(f"Shares and best epochs: {', '.join(heads)}; {told}; {seconds:.1f} s")

    def _view(self, learner, known):
        """Return this estimator as it would be if the training ended now.

        Parameters
        ----------
        learner : Learner
        known : list of (frame, blocks)
            Frames that need not be read again.
        """
        view = copy.copy(self)
        view._learner = learner
        view._known = known
        return view

    def _bridge(self, context, original, train):
        """Tell scikit-learn's callbacks of each epoch; True from one stops the fit."""
        if not hasattr(self, "_skl_callbacks"):
            return None
        frame, y, weight = train

        def on_epoch(net):
            def fitted_now():
                return {**vars(net.view(net)), "n_iter_": len(net.history)}

            task = context.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(estimator=original, X=frame, y=y)
            return task.call_on_fit_task_end(
                estimator=original,
                X=frame,
                y=y,
                metadata={"sample_weight": weight},
                reconstruction_attributes=fitted_now,
            )

        return on_epoch

    # -- predict ----------------------------------------------------------------

    def _blocks(self, X):
        check_is_fitted(self)
        for known, blocks in self._known:
            if known is X:
                return blocks
        with self._naming_damage(self._reads_nothing):
            frame = self._read_frame(X, reset=False)
            blocks = self._transform(frame)
            self._preparation.check_unknown(frame, blocks)
        return blocks

    def _reads_nothing(self):
        """Tell whether a row without any cell is read, as it always is."""
        import pandas as pd

        try:
            cells = [[None] * len(self._labels)]
            self._transform(pd.DataFrame(cells, columns=self._labels))
        except Exception:
            return False
        return True

    def _predict_logits(self, X):
        blocks = self._blocks(X)
        with self._naming_damage():
            return self._learner.predict(blocks)

    def transform(self, X: TableLike) -> Transformed:
        """Give the fused embedding of the rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        embedding : ndarray of shape (n_samples, n_embedding)
            float64; the width depends on the fusion.
        """
        blocks = self._blocks(X)
        with self._naming_damage():
            return self._learner.embed(blocks)

    # -- odds and ends ------------------------------------------------------------

    #: How the steps of the preparation are called. A search over fusions puts a cache
    #: here, so that its candidates share what they read alike.
    _steps = Steps()

    #: Frames that need not be read again, with their blocks: in a view of an estimator
    #: in training.
    _known = ()

    #: What is predicted for the validation rows, their targets and weights, as a dict
    #: of arrays; None without such rows.
    _calibration = None

    #: Counts and shares of the rows of the last fit, for a model card; None after
    #: ``partial_fit`` and in a model of a version that kept none.
    _summary = None

    def _fused_only(self):
        """Return a view of this fitted estimator, the fused head alone predicting."""
        return self._view(self._learner.only("fused"), known=())

    def _continues(self):
        """Tell if ``fit`` continues the one before."""
        return self.warm_start and self.__sklearn_is_fitted__()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_learner")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = False
        return tags

    def _sk_visual_block_(self):
        from skmm._diagram import make_block

        return make_block(self)


def _count_folds(folds):
    return 1 if folds is None else int(folds.max()) + 1


def _summable(weight):
    """Return weights whose sum is a number; only their ratios count."""
    largest = weight.max(initial=0)
    return weight / largest if largest > 1e200 else weight
