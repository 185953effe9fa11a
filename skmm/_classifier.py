"""The classifier."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._utils.compat import Interval, StrOptions, fit_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
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
        Probabilities,
        RandomState,
        Sampler,
        Scoring,
        TableLike,
        Validation,
    )
    from skmm.fusion import Fusion
    from skmm.modalities.readers import Reader
    from skmm.privacy import PrivacySpec


class MultimodalClassifier(ClassifierMixin, BaseMultimodal):
    """Classify rows of numbers, categories, text and other modalities.

    One encoder a modality turns the columns into vectors, a fusion joins them, a head
    predicts; beside it linear heads and boosted trees read the same modalities. Each
    learns by its own loss, is kept at its best on validation rows, and all are mixed
    there, with a temperature that calibrates. Targets may be binary, multiclass,
    multilabel or several multiclass outputs. Missing cells need no imputing: a modality
    that a row lacks is left out of its fusion, and a row that lacks everything gets the
    classes' shares.

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
    pretrained : "auto", True, False or "tuned", default="auto"
        Which modalities are read through networks that learned on other data. It holds
        where a modality has the name of its kind ("image"), as those that are detected
        have; encoder objects are as they are.

        - "auto": pictures and sounds, beside what is measured of them (EfficientNet-
          lite0, Resemblyzer), if the packages that carry the weights are installed;
          otherwise a warning says how to add them;
        - True: texts and videos as well (MiniLM beside n-grams, EfficientNet-lite0 over
          frames). Texts take some milliseconds each. A package that is missing is an
          error;
        - "tuned": as True, and the networks of texts and pictures are adapted to the
          target by low-rank matrices (LoRA): slow without a GPU;
        - False: none.
    memory : str or path, default=None
        Folder of a cache on disk of the networks' vectors: no picture, sound, video or
        text goes through a network twice, whatever the fold, search or process.
    loss : {"log_loss", "ordinal"}, default="log_loss"
        What the heads learn of the classes. "ordinal" is for classes that are numbers
        with an order, such as ratings of 1 to 5 stars: for each of them how likely the
        class is above it. :meth:`predict` is then the median class, which is right less
        often than the likeliest one, and less far off. It helps most with few rows.
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
    balance : {"pareto", "detached", "blending"} or None, default=None
        How encoders are kept learning where one modality tells the target faster than
        the others. Each modality gets a linear head of its own, which does not predict
        and teaches the modality's encoder, beside the fused head:

        - "pareto": the gradients of both are added, and where they conflict, a
          direction is taken along which neither loss rises (MMPareto, Wei & Hu 2024);
        - "detached": encoders learn from their own heads only;
        - "blending": losses are weighed by how much their heads generalise and
          overfit, measured after each epoch on the validation rows
          (Gradient-Blending, Wang et al. 2020).

        It reaches the fused head alone. See :ref:`unequal_modalities`.
    adversarial : {"fgm", "pgd", "free", "vat", "trades"}, Adversarial or None, \
default=None
        Train the fused head on rows that are changed to be hard, within a small
        radius: pixels, numbers and embeddings along the gradient of the loss. It
        takes two to five times as long. Validation rows are not changed, and the other
        heads do not learn from it. See :class:`skmm.augmentation.Adversarial` and
        :func:`skmm.inspection.attack`, and :ref:`attacks`.
    sampler : {"balanced", "curriculum"}, callable or None, default=None
        Which training rows the fused and the wide head see in an epoch; the other heads
        always have all of them. "balanced" draws with replacement, all classes as
        often. Validation rows keep their classes, so that with the loss they choose
        epochs that make little of it: set ``scoring="balanced_accuracy"`` with it.
        "curriculum" begins, after a first epoch, with the 40 % of the rows that the
        network predicts best and lets in the others over four epochs (self-paced
        learning, Kumar et al. 2010). A function of the targets, the epoch, counted
        from 1, and a RandomState returns the numbers of as many rows as there are.
        None takes each row once.
    teacher : FrozenEstimator or None, default=None
        A fitted estimator from whose predictions for the training rows the fused and
        the wide head learn, beside the target (Hinton et al. 2015). It predicts from
        the same X, of which ``modalities`` may read a part: a smaller network learns
        from a larger one, or one that reads text alone from one that saw pictures too
        (Lopez-Paz et al. 2016). Columns that only the teacher reads may be missing in
        all later rows. Wrap it in :class:`~sklearn.frozen.FrozenEstimator`, so that
        ``clone`` keeps it. It is best fitted on other rows: of those that it has
        learned it is too sure. The solved heads do not learn from it. See
        :ref:`teachers`.
    distillation_weight : float, default=0.5
        Weight of what the teacher says, from 0 to 1; the target has the rest.
    temperature : float, default=2.0
        What logits of teacher and student are divided by where they are compared. The
        higher it is, the more the classes that are not the likeliest count.
    label_smoothing : float, default=0.0
        Share of the target, from 0 to below 1, that is spread over all classes where
        the fused and the wide head learn. Validation rows and the other heads have
        the target as it is.
    heads : "auto" or list of str or (str, estimator), default="auto"
        What predicts, side by side. The heads are mixed by weights that are fitted on
        the validation rows:

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

        "auto" takes those of the first four that can serve the target. ``["fused"]``
        leaves the network alone. ``partial_fit`` trains "fused" and "wide", which takes
        the place of "linear".
    refit : bool, default=True
        If True, heads other than "fused" and "wide" are fitted again on all rows once
        the mixture is known, with what the validation rows chose; not on rows of
        ``validation=(X, y)``, nor with ``validation=k``, where most models have seen
        each row already. Up to about 600 rows and with ``validation="auto"``, they
        are instead fitted five times, each time without a part of the rows, and
        averaged; their weights then depend on all rows.
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
    scoring : str, callable or None, default=None
        What the heads of the net are stopped by, and their best weights chosen by: a
        name of :func:`sklearn.metrics.get_scorer_names`, or a function of an estimator,
        X and y whose values are the better the larger they are. It is taken of the
        validation rows, without weights. At the end a single head predicts where its
        score is above that of the mixture (with ``validation=k`` the mixture does). The
        penalty of the head "linear", the number of trees and the weights of the mixture
        are chosen by the loss in any case. None takes the loss.
    time_limit : float or None, default=None
        Seconds after which ``fit`` ends with the best that it has, and a warning tells
        what was cut. Given up first are the fits of solved heads on all rows, then
        epochs of the net, then steps of the head "linear" and trees of "boosting", and
        at last whole heads, from the last to the first. Heads other than those of the
        net have half of the time. A step that has begun comes to its end: reading X,
        one step of the net, an estimator of your own. None sets no limit.
    privacy : PrivacySpec or None, default=None
        Differential privacy of the training rows, see
        :class:`~skmm.privacy.PrivacySpec` and the guide. The fused head alone is
        trained, on all rows for `max_epochs`, by noisy sums of clipped gradients.
        `modalities` must be a list whose encoders learn nothing from the rows, such as
        :class:`~skmm.encoders.DeclaredTableEncoder`. "auto" stands for what can be
        private: ``heads=["fused"]``, ``validation=None`` and a mean ``batch_size`` of a
        sixteenth of the rows. What cannot be is refused by name. None trains without
        this promise.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes by their labels; a class that is not named weighs 1.
        "balanced" weighs each class by the inverse of its share. For several outputs,
        a list with one of these for each.
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
        ``dropout``, ``init``, ``loss``) cannot change then.
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
    classes_ : ndarray, or list of ndarray for several outputs
        Sorted. Booleans, integers and floats keep their type, also from pandas'
        nullable types, Arrow, polars and categoricals; strings are of dtype object.
        The order of a categorical, and categories that no row has, are not kept.
    modalities_ : list of (name, encoder, columns)
        With the fitted encoders.
    pretrained_ : dict of str to list
        The pretrained networks of each modality that has some: `model`, `revision`
        (what tells its weights apart) and `tune` of each.
    head_weights_ : dict of str to float or ndarray
        Each head's share in the mixture; an array over the outputs if several, and with
        ``loss="ordinal"`` over the thresholds between the classes.
    history_ : list of dict
        Losses of each epoch, of each head and of what is predicted; skorch's history.
        ``history_.to_frame()`` is a table of it. With ``validation=k`` the epochs of
        all k models, each with its ``fold``.
    best_epoch_ : dict of str to float
        Each head's best epoch, counted from 1; a half where it was best halfway through
        an epoch.
    validation_score_ : float or None
        What ``scoring`` gives for the validation rows, or ``score`` without it; with
        ``validation=k`` what ``score`` gives for all rows, each predicted by the model
        that left it out. None without validation rows, and after ``partial_fit``.
    privacy_ : SpentPrivacy
        What the training spent, with `privacy`; ``history_`` has the `epsilon` after
        each epoch, and no losses.
    n_iter_ : int
        Epochs trained.
    n_parameters_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has column names.

    See Also
    --------
    MultimodalRegressor : The same for numbers.
    skmm.detect_modalities : Which column is what.

    Notes
    -----
    A pickle holds the weights on the CPU, so a model fitted on a GPU loads anywhere.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
    >>> model = MultimodalClassifier(fusion="gated", random_state=0).fit(X, y)
    >>> [name for name, _, _ in model.modalities_]
    ['tabular', 'text']
    >>> model.predict_proba(X).shape
    (300, 2)
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "loss": [StrOptions({"log_loss", "ordinal"})],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "temperature": [Interval(numbers.Real, 0, None, closed="neither")],
        "label_smoothing": [Interval(numbers.Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        modalities: Literal["auto"] | Sequence[tuple[str, Any, Columns]] = "auto",
        *,
        kinds: Mapping[Label, str | Reader] | None = None,
        pretrained: Pretrained = "auto",
        memory: PathLike | None = None,
        loss: Literal["log_loss", "ordinal"] = "log_loss",
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
        temperature: float = 2.0,
        label_smoothing: float = 0.0,
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
        class_weight: Literal["balanced"] | dict[Any, float] | list[Any] | None = None,
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
            balance=balance,
            adversarial=adversarial,
            sampler=sampler,
            teacher=teacher,
            distillation_weight=distillation_weight,
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
            privacy=privacy,
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
        self.loss = loss
        self.class_weight = class_weight
        self.temperature = temperature
        self.label_smoothing = label_smoothing

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: TableLike,
        y: CellsLike,
        classes: ArrayLike | Sequence[ArrayLike] | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on these rows, continuing from the last call.

        The encoders are fitted on the first call's rows. Nothing is split off and
        nothing stops early; the heads are mixed with equal weights, or with those of
        a ``fit`` before.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        classes : array-like, or list of such for several outputs, default=None
            All classes that any call will see; needed at the first call if its ``y``
            lacks some.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : MultimodalClassifier
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: TableLike) -> npt.NDArray[Any]:
        """Predict classes: the likeliest, or with ``loss="ordinal"`` the median.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        logits = self._predict_logits(X)
        with self._naming_damage():
            return self._targets.predict(logits)

    def predict_proba(self, X: TableLike) -> Probabilities:
        """Predict the probability of each class.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. For multilabel targets (n_samples,
            n_labels); for several multiclass outputs a list of arrays.
        """
        logits = self._predict_logits(X)
        with self._naming_damage():
            return self._targets.predict_proba(logits)

    def predict_log_proba(self, X: TableLike) -> Probabilities:
        """Predict the logarithm of each class's probability.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray or list of ndarray
            As ``predict_proba``.
        """
        probabilities = self.predict_proba(X)
        tiny = np.finfo(np.float64).tiny
        if isinstance(probabilities, list):
            return [np.log(np.maximum(some, tiny)) for some in probabilities]
        return np.log(np.maximum(probabilities, tiny))

    def predict_set(
        self,
        X: TableLike,
        coverage: float = 0.9,
        *,
        method: Literal["threshold", "adaptive"] = "threshold",
        calibration: tuple[TableLike, CellsLike] | None = None,
    ) -> Any:
        """Predict sets of classes that hold the true one as often as is asked.

        Conformal prediction: a set has the classes that are likely enough, and the
        likeliest in any case. How likely that is, is chosen on the validation rows,
        each predicted by weights of the heads that were fitted on other rows. The
        promise holds for rows like those, on average over all rows and not for each
        class. With ``validation=k`` all rows calibrate, each predicted by the model
        that left it out.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        coverage : float, default=0.9
            Share of the rows whose class is to be in its set, between 0 and 1.
        method : {"threshold", "adaptive"}, default="threshold"
            "threshold" takes the classes whose probability is above one bound for all
            rows, which gives the smallest sets on average [1]_. "adaptive" takes
            classes, the likeliest first, until their probabilities sum up to a bound
            [2]_: more of its sets hold the true class where rows are hard to tell, and
            they are larger on average. Unlike in the paper no chance is involved.
        calibration : (X, y), default=None
            Rows to calibrate on in place of the validation rows, with their classes.
            The model must not have been fitted on them.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            In the order of ``classes_``. For several outputs a list of arrays.

        Raises
        ------
        ValueError
            If there are no rows to calibrate on, or too few for the coverage, for
            multilabel targets, and for an unknown method.

        References
        ----------
        .. [1] Sadinle, Lei, Wasserman: Least Ambiguous Set-Valued Classifiers with
           Bounded Error Levels, Journal of the American Statistical Association 114,
           2019.
        .. [2] Romano, Sesia, Candès: Classification with Valid and Adaptive Coverage,
           NeurIPS 2020.

        Examples
        --------
        >>> from skmm import MultimodalClassifier
        >>> from skmm.datasets import make_multimodal_classification
        >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
        >>> model = MultimodalClassifier(random_state=0).fit(X, y)
        >>> model.predict_set(X).shape
        (300, 2)
        """
        from skmm._training.conformal import predict_set

        check_is_fitted(self)
        if self._targets.kind == "multilabel":
            raise ValueError(
                "predict_set is for classes of which a row has one; these targets are "
                "multilabel. Fit a classifier for each label."
            )
        known = self._read_calibration(calibration)
        outputs = self._predict_logits(X)
        sets = predict_set(self._targets, outputs, known, coverage, method)
        return sets if self._targets.kind == "multioutput" else sets[0]

    def score(
        self, X: TableLike, y: CellsLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy, as of scikit-learn's classifiers.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels, in any container that ``fit`` takes.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        from skmm._training.reading import read_labels

        return super().score(X, read_labels(y, warn=False), sample_weight)

    @property
    def classes_(self) -> Any:
        """Classes, an array; a list of arrays for several outputs."""
        if "_targets" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._targets.public_classes

    def _check_y(self, y):
        from skmm._training.reading import read_labels

        return read_labels(y)

    def _make_targets(self, y, weight, classes):
        from skmm._training.ordinal import OrdinalTargets
        from skmm._training.targets import ClassificationTargets

        if self.privacy is not None:
            from skmm._training.private._targets import DeclaredClasses

            return DeclaredClasses(y, self.privacy.classes)
        make = OrdinalTargets if self.loss == "ordinal" else ClassificationTargets
        return make(y, classes)

    def _class_weights(self, y):
        return self._targets.class_weights(y, self.class_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
