"""The estimator of several tasks."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmm._base import BaseMultimodal
from skmm._utils.compat import StrOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from skmm import MultimodalClassifier, MultimodalRegressor
    from skmm._utils.typing import (
        Alignments,
        ArrayLike,
        Columns,
        Label,
        Mixups,
        Names,
        PathLike,
        Pretrained,
        RandomState,
        TableLike,
        Validation,
    )
    from skmm.fusion import Fusion
    from skmm.modalities.readers import Reader


class MultimodalMultitask(BaseMultimodal):
    """Learn several tasks of mixed kinds at once: classes, numbers, sets of labels.

    Y is a DataFrame with a column for each task. Encoders and fusion are shared by all
    tasks and trained once; each task has an output, linear heads and boosted trees of
    its own, and its own mixture of them. A cell of Y may be missing: the row then
    teaches the other tasks. One fit takes less time than one for each task, a task of
    which few rows are known has encoders that learn from the others, and all are
    predicted together.

    Parameters
    ----------
    modalities : "auto" or list of (name, encoder, columns), default="auto"
        Which columns form which modality, and what encodes it. "auto" decides by what
        the columns hold, see :func:`skmm.detect_modalities`. In a list, ``encoder`` is
        a kind (``"tabular"``, ``"text"``, ``"image"``, ...) or another name of
        :data:`skmm.encoders.ENCODERS`, an encoder object, any scikit-learn
        transformer, an ``nn.Module`` class, or ``"drop"``; ``columns`` is what
        scikit-learn's ColumnTransformer takes: a label, a list of labels or
        positions, a slice, a mask or a callable.
    kinds : dict of {label: str or Reader}, default=None
        Kinds of columns that the detection misreads, such as ``{"zip": "category",
        "photo": "image", "note": "drop"}``; all other columns are detected. See
        :func:`skmm.detect_modalities` for what may be named. Only with
        ``modalities="auto"``.
    pretrained : "auto", True or False, default="auto"
        Which modalities are read through networks that learned on other data. It holds
        where a modality has the name of its kind ("image"), as those that are detected
        have; encoder objects are as they are.

        - "auto": pictures and sounds, beside what is measured of them (EfficientNet-
          lite0, Resemblyzer), if the packages that carry the weights are installed;
          otherwise a warning says how to add them;
        - True: texts and videos as well (MiniLM beside n-grams, EfficientNet-lite0 over
          frames). Texts take some milliseconds each. A package that is missing is an
          error;
        - False: none.
    memory : str or path, default=None
        Folder of a cache on disk of the networks' vectors: no picture, sound, video or
        text goes through a network twice, whatever the fold, search or process.
    tasks : "auto" or dict of {name: kind or list of columns}, default="auto"
        What each column of Y is: ``"classification"``; ``"ordinal"``, classes that are
        numbers with an order; ``"regression"``; or ``"multilabel"``, where each cell is
        a list of labels. A list names several columns of 0 and 1 that are one
        multilabel task, ``{"tags": ["red", "blue"]}``. With "auto", lists are labels,
        numbers are classes if they are whole and few (up to 20 different ones, each
        twice in the mean) and numbers else, and all other columns are classes.
    task_weighting : {"uncertainty", "equal", "gradnorm", "pareto"} or dict, \
            default="uncertainty"
        How the tasks' losses are weighed in the training of the net; each is in units
        of what the best constant loses. The heads "linear" and "boosting" are fitted
        for each task by itself and know no weights.

        - "uncertainty": by the inverse of each task's noise, which is learned beside
          the net [1]_;
        - "equal": all alike;
        - "gradnorm": so that all tasks learn at like rates, by the norms of their
          gradients [2]_;
        - "pareto": the shortest mean of the tasks' gradients, so that no task becomes
          worse for another's sake [3]_;
        - a dict of {name: factor}: a task that is not named has the factor 1.
    fusion : str, Fusion or class, default="concat"
        How the modalities' vectors are joined: a name of
        :data:`skmm.fusion.FUSIONS` (``"concat"``, ``"gated"``, ``"attention"``,
        ``"low_rank"``, ``"late"``, ...), a :class:`skmm.fusion.Fusion` with its
        options, or one of your own. Which is best depends on the data:
        :class:`skmm.model_selection.FusionSearchCV` compares them.
    alignment : str, Alignment, class, list of these, or None, default=None
        Losses that pull the modalities' vectors of a row together while training: a
        name of :data:`skmm.alignment.ALIGNMENTS` (``"contrastive"``, ``"cca"``, ...),
        a :class:`skmm.alignment.Alignment`, or several. Try one where the modalities
        tell the same thing and labels are few.
    alignment_weight : float, default=0.1
        Weight of the alignment losses; the target's loss has the weight 1.
    modality_dropout : float, default=0.0
        Probability with which a modality of a training row is hidden from the fusion;
        never all of a row are. Raise it (0.2 to 0.5) if modalities will be missing
        more often in later rows than in the training rows.
    mixup : {"manifold", "mixup", "cutmix"}, Mixup or None, default=None
        Train the fused head on mixtures of two rows: of their vectors ("manifold"), of
        their cells ("mixup"), or with boxes of one picture pasted into the other
        ("cutmix"). See :class:`skmm.augmentation.Mixup`.
    heads : "auto" or list of str or (str, estimator), default="auto"
        What predicts, side by side. The heads of each task are mixed by weights that
        are fitted on the validation rows that have it:

        - "fused": encoders, fusion and a perceptron;
        - "wide": a linear model over the same features, trained by steps beside it;
        - "linear": a linear model over n-grams, categories, binned numbers and
          vectors, solved to its minimum, its penalty chosen on the validation rows;
        - "boosting": gradient-boosted trees over the table, the main directions of
          n-grams and the 256 numbers of longer vectors that tell most of the target,
          as many trees as are best on the validation rows;
        - "lightgbm", "xgboost", "catboost": the same by that library, where it is
          installed;
        - ``(name, estimator)``: any estimator of scikit-learn, cloned, over what the
          trees read.

        "auto" takes the first four. ``["fused"]`` leaves the network alone. A head that
        cannot serve a task is left out there: boosting for more than 10 labels, a
        classifier of your own for numbers.
    refit : bool, default=True
        If True, heads other than "fused" and "wide" are fitted again on all rows once
        the mixture is known, with what the validation rows chose; not on rows of
        ``validation=(X, y)``, nor with ``validation=k``, where most models have seen
        each row already.
    width : int, default=64
        Size of each modality's vector. Hidden layers have twice as many units.
    depth : int, default=1
        Number of hidden layers after the fusion. A linear layer stands beside them; 0
        leaves it alone.
    dropout : float, default=0.2
        Dropout rate of the hidden layers of fusion and head. Encoders have a rate of
        their own.
    learning_rate : float, default=3e-3
        Learning rate of the AdamW optimizer. The wide head learns at 3 times this
        rate; an encoder may scale it, as pretrained networks do.
    learning_rate_schedule : {"constant", "linear", "cosine"}, default="constant"
        How the learning rate changes over ``max_epochs``. "linear" and "cosine" rise
        over the first twentieth of the steps, then fall to 0: choose one for
        pretrained networks and convolutions, and set ``max_epochs`` to the epochs that
        are to be trained.
    encoder_learning_rate : float, dict of str to float, or None, default=None
        Learning rate of the encoders; a dict sets it by modality. None keeps each
        encoder's own.
    freeze : list of str, "encoders" or None, default=None
        Modalities whose encoders do not learn; "encoders" stands for all.
        :class:`skmm.callbacks.GradualUnfreezing` lets them learn later.
    init : FrozenEstimator, str, Path or None, default=None
        A fitted estimator whose encoders to start from: modalities of the same name
        take over its vocabularies and weights. Wrap it in scikit-learn's
        :class:`~sklearn.frozen.FrozenEstimator`, so that ``clone`` keeps it, or give
        the path of a file that :func:`skmm.save` wrote.
    weight_decay : float, default=1e-2
        Decoupled weight decay of AdamW. The wide head has none: early stopping holds
        it back.
    batch_size : int or "auto", default="auto"
        Number of rows in a training step. "auto" makes about 64 steps an epoch, of 16
        to 512 rows.
    max_epochs : int, default=100
        Largest number of passes over the training rows. With early stopping few are
        needed.
    early_stopping : bool, default=True
        If True, a head that has not improved on the validation rows for
        ``n_iter_no_change`` epochs stops, and its best weights are restored. The rows
        are tried after each epoch, and halfway through one of 20 steps or more.
    validation : "auto", float, int, splitter, (X, y) or None, default="auto"
        The rows that stop and mix. "auto" is a tenth of the rows, and up to a fifth
        where that is less than 60. A fraction is drawn shuffled, stratified by classes,
        by whole ``groups`` where given. Of a scikit-learn splitter the first split
        counts; ``(X, y)`` are data of their own. An integer k trains k models, each
        of which leaves one of k folds out; they are averaged, and the heads are mixed
        by what each model gives for the rows that it left out: better scores on few
        rows, for k times the time of fit and predict. None, and fewer than 10 rows,
        train all ``max_epochs`` and mix with equal weights. A fraction and folds leave
        rows of every class in training; where they cannot, none validate, and a
        warning says so.
    n_iter_no_change : int, default=2
        Number of epochs without improvement after which a head stops; on small data as
        many as make 100 steps.
    scoring : callable or None, default=None
        What the heads of the net are stopped by, and their best weights chosen by: a
        function of an estimator, X and Y, such as
        :func:`skmm.model_selection.task_scorer` makes, whose values are the better the
        larger they are. It is taken of the validation rows, without weights. At the end
        a single head that learns all tasks predicts where its score is above that of
        the mixture (with ``validation=k`` the mixture does). The penalty of the head
        "linear", the number of trees and the weights of the mixture are chosen by the
        loss in any case. None takes the loss.
    time_limit : float or None, default=None
        Seconds after which ``fit`` ends with the best that it has, and a warning tells
        what was cut. Given up first are the fits of solved heads on all rows, then
        epochs of the net, then steps of the head "linear" and trees of "boosting", and
        at last whole heads, from the last to the first. Heads other than those of the
        net have half of the time. A step that has begun comes to its end: reading X,
        one step of the net, an estimator of your own. None sets no limit.
    device : str, default="auto"
        Torch device of the training, such as ``"cuda:1"``. "auto" is a GPU when there
        is one, else the CPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the training. "auto" is bfloat16 autocast on GPUs that have
        it, float32 elsewhere. Predictions on a CPU are computed in float64 from
        float32 weights, so that a row's result does not depend on its batch.
    compile : bool, default=False
        If True, the network goes through ``torch.compile``, which pays for large
        networks only.
    warm_start : bool, default=False
        If True, a further ``fit`` continues with the encoders and weights of the one
        before. Parameters of the training are read anew; those of the structure
        (``modalities``, ``kinds``, ``fusion``, ``heads``, ``width``, ``depth``,
        ``dropout``, ``init``, ``tasks``) cannot change then.
    callbacks : list, default=None
        Callbacks of skorch, called during the training. scikit-learn's own go to
        ``set_callbacks``.
    random_state : int, RandomState or None, default=None
        Seed of everything that is drawn. The same number gives bitwise the same model
        on the same machine with the same threads.
    root : str or path, default=None
        Folder that paths in cells are relative to and cannot leave, for encoders
        without a ``root`` of their own. With None, any path is opened as it is.
    verbose : int, default=0
        If above 0, a line is printed each epoch, and a bar shows how far the reading
        of files is.
    n_jobs : int or None, default=None
        Number of processes that prepare the modalities. The training has torch's
        threads.

    Attributes
    ----------
    classes_ : dict of label to ndarray
        Classes of each task that has some, sorted; of a multilabel task its labels.
    tasks_ : dict of label to str
        The kind of each task, in the order of their columns.
    head_weights_ : dict of label to dict of str to float or ndarray
        For each task, each head's share in its mixture; an array over the outputs of a
        task that has several.
    modalities_ : list of (name, encoder, columns)
        With the fitted encoders.
    pretrained_ : dict of str to list
        The pretrained networks of each modality that has some: `model`, `revision`
        (what tells its weights apart) and `tune` of each.
    history_ : list of dict
        Losses of each epoch, of each head and of what is predicted, summed over the
        tasks, each in units of what a constant loses; skorch's history.
    best_epoch_ : dict of str to float
        Each head's best epoch, counted from 1; a half where it was best halfway through
        an epoch. The fused head has one for all tasks, "wide" one for each.
    validation_score_ : float or None
        What ``scoring`` gives for the validation rows, or ``score`` without it. None
        without validation rows.
    n_iter_ : int
        Epochs trained.
    n_parameters_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has column names.

    See Also
    --------
    MultimodalClassifier : One task of classes.
    MultimodalRegressor : One task of numbers.
    skmm.model_selection.task_scorer : A scorer of one task, for searches.

    Notes
    -----
    Encoders see no target, since a row may lack it: ``pretrained="tuned"`` and
    transformers of your own that need y raise an error. Weights of classes, and losses
    of numbers other than the squared error, are for the estimators of one task.

    References
    ----------
    .. [1] Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses
       for Scene Geometry and Semantics, CVPR 2018.
    .. [2] Chen, Badrinarayanan, Lee, Rabinovich: GradNorm: Gradient Normalization for
       Adaptive Loss Balancing in Deep Multitask Networks, ICML 2018.
    .. [3] Sener, Koltun: Multi-Task Learning as Multi-Objective Optimization, NeurIPS
       2018.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm import MultimodalMultitask
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
    >>> Y = pd.DataFrame({"label": y, "size": X.iloc[:, 0].rank()})
    >>> Y.loc[:100, "label"] = None
    >>> model = MultimodalMultitask(random_state=0).fit(X, Y)
    >>> model.tasks_
    {'label': 'classification', 'size': 'regression'}
    >>> model.predict(X).shape
    (300, 2)
    >>> model.predict_proba(X)["label"].shape
    (300, 2)
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "tasks": [StrOptions({"auto"}), dict],
        "task_weighting": [
            StrOptions({"uncertainty", "equal", "gradnorm", "pareto"}),
            dict,
        ],
        "scoring": [callable, None],
    }

    def __init__(
        self,
        modalities: Literal["auto"] | Sequence[tuple[str, Any, Columns]] = "auto",
        *,
        kinds: Mapping[Label, str | Reader] | None = None,
        pretrained: Pretrained = "auto",
        memory: PathLike | None = None,
        tasks: Literal["auto"] | Mapping[Label, str | Sequence[Label]] = "auto",
        task_weighting: Literal["uncertainty", "equal", "gradnorm", "pareto"]
        | Mapping[Label, float] = "uncertainty",
        fusion: str | Fusion | type = "concat",
        alignment: Alignments = None,
        alignment_weight: float = 0.1,
        modality_dropout: float = 0.0,
        mixup: Mixups = None,
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
        scoring: Callable[[Any, Any, Any], float] | None = None,
        time_limit: float | None = None,
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
        super().__init__(
            modalities,
            kinds=kinds,
            pretrained=pretrained,
            memory=memory,
            fusion=fusion,
            alignment=alignment,
            alignment_weight=alignment_weight,
            modality_dropout=modality_dropout,
            mixup=mixup,
            heads=heads,
            refit=refit,
            width=width,
            depth=depth,
            dropout=dropout,
            learning_rate=learning_rate,
            learning_rate_schedule=learning_rate_schedule,
            encoder_learning_rate=encoder_learning_rate,
            freeze=freeze,
            init=init,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation=validation,
            n_iter_no_change=n_iter_no_change,
            scoring=scoring,
            time_limit=time_limit,
            device=device,
            precision=precision,
            compile=compile,
            warm_start=warm_start,
            callbacks=callbacks,
            random_state=random_state,
            root=root,
            verbose=verbose,
            n_jobs=n_jobs,
        )
        self.tasks = tasks
        self.task_weighting = task_weighting

    def fit(
        self,
        X: TableLike,
        y: TableLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn all tasks from the rows that have one at least.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
            A column may hold numbers, categories, dates, free text, vectors; any
            cell may be missing.
        y : DataFrame (pandas or polars) or array of shape (n_samples, n_columns)
            Y: the targets of all tasks. Any cell may be missing; a row of a multilabel
            task of several columns lacks it if one of them is missing.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in all losses.
        groups : array-like of shape (n_samples,), default=None
            Groups that the validation split keeps together.

        Returns
        -------
        self : MultimodalMultitask

        Raises
        ------
        TypeError
            If Y is not a table.
        ValueError
            For input that cannot be learned from; the message names the task, column
            and remedy, and the estimator is left as it was.
        """
        return super().fit(X, y, sample_weight, groups)

    def predict(self, X: TableLike) -> pd.DataFrame:
        """Predict all tasks.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        Y : DataFrame of shape (n_samples, n_columns)
            With the columns of the fit's Y. Classes have the column's type, numbers are
            float64, labels are sorted lists. The index is that of X.
        """
        import pandas as pd

        check_is_fitted(self)
        predicted = self._targets.predict(self._predict_logits(X))
        if isinstance(X, pd.DataFrame):
            predicted.index = X.index
        return predicted

    def predict_proba(self, X: TableLike) -> dict[Any, npt.NDArray[np.float64]]:
        """Predict the probability of each class, for the tasks that have classes.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : dict of label to ndarray of shape (n_samples, n_classes)
            By task, in the order of ``classes_``; of a multilabel task the probability
            of each label, (n_samples, n_labels).
        """
        check_is_fitted(self)
        return self._targets.predict_proba(self._predict_logits(X))

    def score(
        self, X: TableLike, y: TableLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the mean of the tasks' own scores: accuracy, or R² of numbers.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : DataFrame or array of shape (n_samples, n_columns)
            Y. Each task is scored on the rows that have it; one that no row has is
            left out.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
            NaN where a task of numbers has less than two rows.

        Raises
        ------
        ValueError
            If no row has any task.

        See Also
        --------
        skmm.model_selection.task_scorer : A score of one task.
        """
        check_is_fitted(self)
        frame = self._check_y(y)
        check_consistent_length(X, frame, sample_weight)
        score = self._targets.score(frame, self.predict(X), sample_weight)
        if score is None:
            raise ValueError(f"No cell of Y is known in {len(frame)} rows.")
        return score

    def task(self, name: Label) -> MultimodalClassifier | MultimodalRegressor:
        """Return what predicts one task, as a fitted estimator of that task.

        It shares all that was learned with this one. What is for one task, such as the
        tools of :mod:`skmm.inspection`, takes it.

        Parameters
        ----------
        name : label
            Of the task.

        Returns
        -------
        estimator : MultimodalClassifier or MultimodalRegressor

        Raises
        ------
        ValueError
            If there is no such task.
        """
        from skmm import MultimodalClassifier, MultimodalRegressor
        from skmm._training.tasks import OneTaskLearner

        check_is_fitted(self)
        task = self._targets.find(name)
        cls = MultimodalClassifier if task.is_classification else MultimodalRegressor
        options = self.get_params(deep=False)
        for own in ("tasks", "task_weighting", "scoring"):
            del options[own]
        if task.kind == "ordinal":
            options["loss"] = "ordinal"
        made = cls(**options)
        kept = ("n_features_in_", "feature_names_in_", "_labels", "_preparation")
        for key in kept:
            if key in vars(self):
                setattr(made, key, vars(self)[key])
        made._targets = task.targets
        made._learner = OneTaskLearner(self._learner, task, self._targets)
        made._structure = {}
        made._random_state, made._fit_seed = self._random_state, self._fit_seed
        made._known = self._known
        made._set_learned_attributes()
        return made

    @property
    def classes_(self) -> dict[Any, Any]:
        """Classes of each task that has some, a dict."""
        return {
            task.name: task.classes
            for task in self._fitted_targets.tasks
            if task.is_classification
        }

    @property
    def tasks_(self) -> dict[Any, str]:
        """The kind of each task, a dict."""
        return {task.name: task.kind for task in self._fitted_targets.tasks}

    @property
    def _fitted_targets(self):
        if "_targets" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._targets

    def _check_y(self, y):
        from skmm._training.tasks import read_table

        columns = self._targets.columns if "_targets" in vars(self) else None
        return read_table(y, columns)

    def _make_targets(self, y, weight, classes):
        from skmm._training.tasks import TaskTargets, find_tasks

        return TaskTargets(find_tasks(self.tasks, y), y, weight)

    def _class_weights(self, y):
        """A row of which no task is known teaches nothing."""
        known = [task.known(y) for task in self._targets.tasks]
        return np.any(known, axis=0).astype(np.float64)

    def _read_training(self, X, y, *args, **kwargs):
        # The columns of a fit before do not bind one that starts from scratch.
        if kwargs.get("from_scratch", True):
            vars(self).pop("_targets", None)
        rows = super()._read_training(X, y, *args, **kwargs)
        self._targets = self._targets.weighted(self._read_factors())
        return rows

    def _read_factors(self):
        """Return the factors of the tasks' losses, or None where all are alike."""
        if not isinstance(self.task_weighting, dict):
            return None
        import torch

        factors = dict.fromkeys(self._targets.names, 1.0)
        for name, factor in self.task_weighting.items():
            self._targets.find(name)
            is_number = isinstance(factor, numbers.Real)
            if not (is_number and np.isfinite(factor) and factor >= 0):
                raise ValueError(
                    f"task_weighting has {factor!r} for the task {name!r}: factors are "
                    "finite numbers, and not negative."
                )
            factors[name] = float(factor)
        if not any(factors.values()):
            raise ValueError("All factors of task_weighting are 0. Raise one of them.")
        return torch.tensor(list(factors.values()), dtype=torch.float64)

    def _set_learned_attributes(self):
        super()._set_learned_attributes()
        mixture = self._learner.mixture
        self.head_weights_ = {
            task.name: mixture.of_task(task, self._targets).shares
            for task in self._targets.tasks
        }

    def _validate_params(self):
        super()._validate_params()
        if self.pretrained == "tuned":
            raise ValueError(
                "pretrained='tuned' adapts networks to one target, and here several "
                "are learned, some of which a row may lack. Take pretrained=True, or "
                "tune the network in a MultimodalClassifier and pass it as init=."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags
