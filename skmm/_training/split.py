"""Which rows validate."""

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, check_cv, train_test_split


def split_rows(validation, X, y, groups, *, stratify, random_state):
    """Divide rows into training and validation, shuffled and seeded.

    Parameters
    ----------
    validation : float, splitter, iterable or None
        A splitter's first split counts.
    X : DataFrame
    y : ndarray
    groups : array-like or None
        Kept together by a fraction's split too.
    stratify : bool
        Keep the classes' shares, where each class has rows enough.
    random_state : int

    Returns
    -------
    rows : tuple of two integer arrays, or None
        None without a split: under 10 rows, or ``validation=None``.
    """
    n_rows = len(y)
    if validation is None or n_rows < 10:
        return None
    if not isinstance(validation, float):
        splits = check_cv(validation, y, classifier=stratify).split(X, y, groups)
        return next(iter(splits))
    if groups is not None:
        splitter = GroupShuffleSplit(1, test_size=validation, random_state=random_state)
        return next(splitter.split(X, y, groups))
    n_valid = int(np.ceil(validation * n_rows))
    if stratify and n_rows >= 20:
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        # Each side needs a row of each class; a class of one row has but one side.
        n_valid = max(n_valid, len(counts))
        stratify = counts.min() >= 2 and n_rows - n_valid >= len(counts)
    else:
        stratify = False
    train, valid = train_test_split(
        np.arange(n_rows),
        test_size=n_valid,
        stratify=codes if stratify else None,
        random_state=random_state,
    )
    return np.sort(train), np.sort(valid)
