"""What a fusion gave to each modality of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skmm._data.frames import as_frame
from skmm.inspection._hiding import open_estimator

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import TableLike


def fusion_weights(estimator: BaseEstimator, X: TableLike) -> pd.DataFrame:
    """Return the weight that the fusion gave to each modality of each row.

    These are a gate's openings, an attention's weights, the precisions of experts or
    the weights of decisions. They say what the fused head looked at. What a modality
    was worth :func:`modality_importance` measures: a vector of a large weight may
    itself be small or say little, and the other heads, whose shares are in
    ``head_weights_``, do not go by these weights.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted, with the head "fused" and a fusion that has weights: ``"attention"``,
        ``"gated"``, ``"hybrid"``, ``"late"``, ``"mean"``, ``"product_of_experts"``,
        ``"weighted"``, or one of your own. It may be what a search found, or the last
        step of a Pipeline.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows to look at.

    Returns
    -------
    weights : DataFrame of shape (n_samples, n_modalities)
        With the rows' index, and the modalities' names as columns. A modality that a
        row lacks has the weight 0. Most fusions' weights of a row sum to 1; a gate's
        are each between 0 and 1, and those of ``"hybrid"`` leave the rest to its joint
        head. With ``validation`` in folds they are the mean over the folds' models.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it holds no MultimodalClassifier or MultimodalRegressor.
    ValueError
        If it has no fused head, or its fusion no weights.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import fusion_weights
    >>> X, y = make_multimodal_classification(
    ...     n_samples=200, missing={"text": 0.2}, random_state=0
    ... )
    >>> model = MultimodalClassifier(fusion="attention", max_epochs=2, random_state=0)
    >>> weights = fusion_weights(model.fit(X, y), X)
    >>> weights.shape
    (200, 2)
    >>> bool((weights["text"][X["text_0"].isna()] == 0).all())
    True
    """
    import pandas as pd

    inner, X = open_estimator(estimator, X, "fusion_weights")
    members = inner._learner.members
    if members[0].fused is None:
        raise ValueError(
            "fusion_weights looks at the fused head, which "
            f"heads={list(members[0].heads)!r} leaves out. Add 'fused' and fit anew."
        )
    blocks = inner._blocks(X)
    found = [one.module.run(blocks, ["fused"], "weights")["fused"] for one in members]
    if found[0] is None:
        raise ValueError(
            f"fusion={inner.fusion!r} gives no weights to modalities. Fit with one "
            "that does, such as 'gated' or 'attention'; modality_importance measures "
            "what each modality brings, whatever the fusion."
        )
    return pd.DataFrame(
        np.mean(found, axis=0), index=as_frame(X).index, columns=list(blocks)
    )
