"""One estimator for each modality."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sklearn.base import clone

from skmm.encoders import make_encoder
from skmm.modalities._resolver import find_modalities, is_dropped

if TYPE_CHECKING:
    from skmm._base import BaseMultimodal
    from skmm._utils.typing import TableLike

_Estimator = TypeVar("_Estimator", bound="BaseMultimodal")


def unimodal_estimators(
    estimator: _Estimator, X: TableLike | None = None
) -> list[tuple[str, _Estimator]]:
    """Return one estimator for each modality, for scikit-learn's voting and stacking.

    Decision-level fusion of models that are fitted separately is what
    :class:`~sklearn.ensemble.VotingClassifier` and
    :class:`~sklearn.ensemble.StackingClassifier` do; this makes their ``estimators``.
    Each takes the whole frame and reads the columns of its modality.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        What each of them is a clone of, but for ``fusion`` and ``alignment``, which a
        lone modality has no use for.
    X : DataFrame, default=None
        Where ``estimator.modalities`` is "auto": the frame to detect them in.

    Returns
    -------
    estimators : list of (name, estimator)
        Named as the modalities are, in their order. One that is ``"drop"`` is left
        out.

    Raises
    ------
    ValueError
        If the modalities are "auto" and ``X`` is not given.

    Examples
    --------
    >>> from sklearn.ensemble import StackingClassifier
    >>> from skmm import MultimodalClassifier, unimodal_estimators
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=100, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=2, random_state=0)
    >>> stack = StackingClassifier(unimodal_estimators(model, X), cv=2).fit(X, y)
    >>> list(stack.named_estimators_)
    ['tabular', 'text']
    """
    modalities = estimator.modalities
    if isinstance(modalities, str) and X is None:
        raise ValueError(
            f"The modalities of this {type(estimator).__name__} are {modalities!r}: "
            "pass X, in which they are detected, or write them down in modalities=."
        )
    modalities, _ = find_modalities(
        modalities,
        X,
        kinds=estimator.kinds,
        check=make_encoder,
        reserved=estimator.get_params(deep=False),
    )
    return [
        (
            modality[0],
            clone(estimator).set_params(
                modalities=clone([modality], safe=False),
                kinds=None,
                fusion="concat",
                alignment=None,
            ),
        )
        for modality in modalities
        if not is_dropped(modality[1])
    ]
