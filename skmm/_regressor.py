"""The regressor."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import RegressorMixin
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
        RandomState,
        Sampler,
        Scoring,
        TableLike,
        Validation,
    )
    from skmm.fusion import Fusion
    from skmm.modalities.readers import Reader
    from skmm.privacy import PrivacySpec


class MultimodalRegressor(RegressorMixin, BaseMultimodal):
    """Predict numbers from rows of numbers, categories, text and other modalities.

    One encoder a modality turns the columns into vectors, a fusion joins them, a head
    predicts; beside it linear heads and boosted trees read the same modalities. Each
    learns by its own loss, of standardised targets, is kept at its best on validation
    rows, and all are mixed there by non-negative weights. One or several targets.
    Missing cells need no imputing: a modality that a row lacks is left out of its
    fusion, and a row that lacks everything gets the best constant, such as the mean.

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
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, \
            default="squared_error"
        What all heads and their mixture minimise, and so what is predicted:
        "squared_error" the mean; "absolute_error" the median, for targets with
        outliers or a long tail; "huber" what lies between both, for targets of which
        some are grossly wrong; "quantile" the quantile of that name; "poisson" the
        mean of counts or amounts that are never negative, whose spread grows with
        their size, with predictions above 0.
    quantile : float or sequence of float, default=None
        Between 0 and 1, for ``loss="quantile"``: 0.9 is exceeded by a tenth of the
        targets. Several, in ascending order, such as ``[0.05, 0.5, 0.95]``, are
        learned side by side, which takes less time than a model for each;
        :meth:`predict_quantiles` predicts them all and :meth:`predict` the one nearest
        the median.
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
    sampler : {"curriculum"}, callable or None, default=None
        Which training rows the fused and the wide head see in an epoch; the other heads
        always have all of them. "curriculum" begins, after a first epoch, with the 40 %
        of the rows that the network predicts best and lets in the others over four
        epochs (self-paced learning, Kumar et al. 2010). A function of the targets, the
        epoch, counted from 1, and a RandomState returns the numbers of as many rows as
        there are. None takes each row once.
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
        where that is less than 60. A fraction is drawn shuffled, by whole ``groups``
        where given. Of a scikit-learn splitter the first split counts; ``(X, y)`` are
        data of their own. An integer k trains k models, each of which leaves one of k
        folds out; they are averaged, and the heads are mixed by what each model gives
        for the rows that it left out: better scores on few rows, for k times the time
        of fit and predict. None, fewer than 10 rows, and a single group train all
        ``max_epochs`` and mix with equal weights.
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
        ``dropout``, ``init``, ``loss``,
        ``quantile``) cannot change then.
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
    modalities_ : list of (name, encoder, columns)
        With the fitted encoders.
    pretrained_ : dict of str to list
        The pretrained networks of each modality that has some: `model`, `revision`
        (what tells its weights apart) and `tune` of each.
    head_weights_ : dict of str to float or ndarray
        Each head's share in the mixture, an array over the outputs if several, and over
        the quantiles of each. All are zero where no head beats a constant.
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
    MultimodalClassifier : The same for classes.
    skmm.detect_modalities : Which column is what.

    Notes
    -----
    A pickle holds the weights on the CPU, so a model fitted on a GPU loads anywhere.

    Examples
    --------
    >>> from skmm import MultimodalRegressor
    >>> from skmm.datasets import make_multimodal_regression
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> model = MultimodalRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (300,)
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "loss": [
            StrOptions(
                {"squared_error", "absolute_error", "huber", "quantile", "poisson"}
            )
        ],
        "quantile": [
            Interval(numbers.Real, 0, 1, closed="neither"),
            "array-like",
            None,
        ],
    }

    def __init__(
        self,
        modalities: Literal["auto"] | Sequence[tuple[str, Any, Columns]] = "auto",
        *,
        kinds: Mapping[Label, str | Reader] | None = None,
        pretrained: Pretrained = "auto",
        memory: PathLike | None = None,
        loss: Literal[
            "squared_error", "absolute_error", "huber", "quantile", "poisson"
        ] = "squared_error",
        quantile: float | ArrayLike | None = None,
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
        self.quantile = quantile

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self, X: TableLike, y: CellsLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train one epoch on these rows, continuing from the last call.

        The encoders, and the target's mean and scale, are fitted on the first call's
        rows. Nothing is split off and nothing stops early; the heads are mixed with
        equal weights, or with those of a ``fit`` before.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : MultimodalRegressor
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: TableLike) -> npt.NDArray[Any]:
        """Predict the targets, in their own unit.

        Of several quantiles it is the one nearest the median, or the mean of the two
        nearest if they are equally near.

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

    def predict_quantiles(self, X: TableLike) -> npt.NDArray[np.float64]:
        """Predict the quantiles that were learned.

        They never cross: where the models' do, they are sorted [1]_.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            In the order of ``quantile``, which is ascending.

        Raises
        ------
        ValueError
            If the model was fitted with a loss other than "quantile".

        References
        ----------
        .. [1] Chernozhukov, Fernández-Val, Galichon: Quantile and Probability Curves
           Without Crossing, Econometrica 78, 2010.

        Examples
        --------
        >>> from skmm import MultimodalRegressor
        >>> from skmm.datasets import make_multimodal_regression
        >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
        >>> model = MultimodalRegressor(
        ...     loss="quantile", quantile=[0.1, 0.5, 0.9], random_state=0
        ... ).fit(X, y)
        >>> model.predict_quantiles(X).shape
        (300, 3)
        """
        check_is_fitted(self)
        if self._targets.loss != "quantile":
            raise ValueError(
                f"This model was fitted with loss={self._targets.loss!r}, which learns "
                'no quantiles. Fit one with loss="quantile" and, for example, '
                "quantile=[0.05, 0.5, 0.95]."
            )
        quantiles = self._targets.predict_columns(self._predict_logits(X))
        return quantiles[:, 0] if self._targets.is_vector else quantiles

    def predict_interval(
        self,
        X: TableLike,
        coverage: float = 0.9,
        *,
        calibration: tuple[TableLike, CellsLike] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Predict intervals that hold the target of a new row as often as is asked.

        Conformal prediction: the interval is as wide as it must be to hold this share
        of the validation rows' targets, each predicted by weights of the heads that
        were fitted on other rows. The promise holds for rows like those, on average
        over all rows and not for each kind of row.

        With ``loss="quantile"`` and quantiles on both sides of the median, the
        interval lies between the two nearest to its ends, moved outward or inward by
        the same amount for all rows [1]_: it is wider where targets are less certain.
        With other losses it lies around what is predicted and is equally wide for all
        rows [2]_; with ``loss="poisson"`` it grows with the root of what is predicted.
        With ``validation=k`` all rows calibrate, each predicted by the model that left
        it out.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        coverage : float, default=0.9
            Share of the targets that is to lie in the intervals, between 0 and 1.
        calibration : (X, y), default=None
            Rows to calibrate on in place of the validation rows, with their targets.
            The model must not have been fitted on them.

        Returns
        -------
        interval : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper bound. Of several targets, each is covered by itself.

        Raises
        ------
        ValueError
            If there are no rows to calibrate on, or too few for the coverage, and if
            quantiles were learned on one side of the median only.

        References
        ----------
        .. [1] Romano, Patterson, Candès: Conformalized Quantile Regression, NeurIPS
           2019.
        .. [2] Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World,
           Springer 2005.

        Examples
        --------
        >>> from skmm import MultimodalRegressor
        >>> from skmm.datasets import make_multimodal_regression
        >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
        >>> model = MultimodalRegressor(random_state=0).fit(X, y)
        >>> model.predict_interval(X, coverage=0.8).shape
        (300, 2)
        """
        from skmm._training.conformal import predict_interval

        check_is_fitted(self)
        known = self._read_calibration(calibration)
        outputs = self._predict_logits(X)
        interval = predict_interval(self._targets, outputs, known, coverage)
        return interval[:, 0] if self._targets.is_vector else interval

    def score(
        self, X: TableLike, y: CellsLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return R², the mean of all outputs, for targets of any magnitude.

        Whatever ``loss`` is, as of scikit-learn's regressors.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets, in any container that ``fit`` takes.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
            NaN for less than two rows.
        """
        from skmm._training.reading import read_numbers
        from skmm._training.targets import r_squared

        y = read_numbers(y, warn=False)
        return r_squared(y, self.predict(X), sample_weight)

    def _check_y(self, y):
        from skmm._training.reading import read_numbers

        return read_numbers(y)

    def _make_targets(self, y, weight, classes):
        from skmm._training.regression_losses import make_loss
        from skmm._training.targets import RegressionTargets

        if self.privacy is not None:
            from skmm._training.private._targets import DeclaredRange

            return DeclaredRange(y, self.privacy.target_range, self.loss)
        return RegressionTargets(y, weight, make_loss(self.loss, self.quantile))

    def _class_weights(self, y):
        return np.ones(len(y))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
