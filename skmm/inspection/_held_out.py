"""What an estimator relies on, by rows that are held out of its fit."""

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skmm._data.frames import as_frame, take_rows
from skmm.inspection._explain import explain_row
from skmm.inspection._importance import modality_importance

#: The share of the rows that is held out, and the most that are measured on.
_SHARE, _MOST = 0.25, 2000
#: Rows among which the example is sought: that with the fewest missing cells.
_N_EXAMPLES = 50


def inspect_held_out(estimator, X, y, *, scoring=None, random_state=None):
    """Fit on three quarters of the rows, and look into predictions of the others.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        It is cloned.
    X : table
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    scoring : str, callable or None
    random_state : int, RandomState instance or None

    Returns
    -------
    importance : Bunch
        That of `modality_importance`.
    explanation : RowExplanation or None
        Of one of the held-out rows; None where there are several outputs.
    """
    rng = check_random_state(random_state)
    seed = rng.randint(2**31 - 1)
    frame, y = as_frame(X), np.asarray(y)
    stratify = None
    if is_classifier(estimator) and y.ndim == 1:
        _, counts = np.unique(y, return_counts=True)
        # Each class on both sides, where there are rows for it.
        is_enough = counts.min() > 1 and _SHARE * len(y) >= len(counts)
        stratify = y if is_enough else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=_SHARE, stratify=stratify, random_state=seed
    )
    if stratify is None and is_classifier(estimator) and y.ndim == 1:
        test = test[np.isin(y[test], y[train])]
    test = test[:_MOST]
    model = clone(estimator)
    if model.random_state is None:
        model.set_params(random_state=seed)
    model.fit(take_rows(frame, train), y[train])
    rows = take_rows(frame, test)
    importance = modality_importance(
        model, rows, y[test], scoring=scoring, random_state=seed
    )
    if y.ndim > 1 and y.shape[1] > 1:
        return importance, None
    some = rows.iloc[:_N_EXAMPLES]
    example = int(some.isna().sum(axis=1).to_numpy().argmin())
    return importance, explain_row(model, some, example)
