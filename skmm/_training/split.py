"""Which rows validate."""

import numbers
import warnings

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state

from skmm._utils.compat import approximate_mode

#: With validation="auto": the least share of the rows, how many rows there are to be,
#: and the largest share that they may take.
_SHARE, _ENOUGH, _LARGEST_SHARE = 0.1, 60, 0.2
#: Up to so many training rows, of classes (True) and of numbers, heads that are quickly
#: fitted are fitted without each of so many parts of them.
_FEW, _CROSS_FOLDS = {True: 500, False: 2000}, 4


def split_rows(validation, X, y, groups, *, stratify, random_state):
    """Divide rows into training and validation, shuffled and seeded.

    A fraction leaves a row of each class in training, whatever else that asks for.

    Parameters
    ----------
    validation : "auto", float, splitter, iterable or None
        A splitter's first split counts. "auto" is a tenth, and more of few rows.
    X : DataFrame
    y : ndarray
    groups : array-like or None
        Kept together by a fraction's split too.
    stratify : bool
        If True, ``y`` holds classes: training keeps each of them, and the classes of
        a single output keep their shares.
    random_state : int

    Returns
    -------
    train, valid : ndarray of int
        None validates under 10 rows, with ``validation=None``, and where training
        would lose a class: a warning says so.

    Warns
    -----
    UserWarning
        If no row can validate that was asked for, or if the training rows of the
        user's own splitter lack a class.
    """
    n_rows = len(y)
    rows = np.arange(n_rows)
    if validation is None or n_rows < 10:
        return rows, rows[:0]
    columns = _class_codes(y) if stratify else []
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1].ravel()
    if isinstance(validation, str):
        # Ten rows of a hundred cannot tell a good epoch from a lucky one.
        share = max(_SHARE, min(_ENOUGH / n_rows, _LARGEST_SHARE))
    elif isinstance(validation, numbers.Real):
        share = validation
    else:
        return _split_by(validation, X, y, groups, columns)
    rng = check_random_state(random_state)
    if groups is None and len(columns) == 1:
        is_valid = _draw_stratified(columns[0], int(np.ceil(share * n_rows)), rng)
    else:
        units = rows if groups is None else groups
        is_valid = _draw_units(units, columns, share, rng)
    if not is_valid.any():
        _warn_of_no_validation(validation, n_rows, groups)
    return rows[~is_valid], rows[is_valid]


def assign_folds(n_folds, y, groups, *, stratify, random_state):
    """Give each row the number of the fold that it is left out of, shuffled and seeded.

    Parameters
    ----------
    n_folds : int
    y : ndarray
    groups : array-like or None
        A group is in one fold.
    stratify : bool
        If True, ``y`` holds classes: the rows outside each fold keep all of them, and
        the classes of a single output are in all folds alike.
    random_state : int

    Returns
    -------
    folds : ndarray of int of shape (n_samples,)
        -1 for rows that no fold may leave out, since training would lose a class. All
        are -1 under 10 rows, and where there is one group alone: a warning says so.

    Raises
    ------
    ValueError
        If there are more folds than rows or groups.
    """
    n_rows = len(y)
    if n_rows < 10:
        return np.full(n_rows, -1)
    columns = _class_codes(y) if stratify else []
    units = np.arange(n_rows)
    if groups is not None:
        units = np.unique(groups, return_inverse=True)[1].ravel()
    n_units = units.max() + 1
    if 1 < n_units < n_folds:
        what = "rows" if groups is None else "groups"
        raise ValueError(
            f"validation={n_folds} asks for {n_folds} folds, and there are {n_units} "
            f"{what}. Ask for fewer folds."
        )
    rng = check_random_state(random_state)
    if groups is None:
        # Row by row, in the order of the classes: each goes through all folds.
        order = rng.permutation(n_rows)
        if len(columns) == 1:
            order = order[np.argsort(columns[0][order], kind="stable")]
        fold_of = np.empty(n_units, dtype=int)
        fold_of[order] = np.arange(n_units) % n_folds
    else:
        fold_of = _deal_groups(units, columns, n_folds, rng)
    for codes in columns:
        # A class that lies in one fold alone: its rows, and their groups, train.
        for code, fold in _in_one_fold(codes, fold_of[units]):
            found = units[(codes == code) & (fold_of[units] == fold)]
            fold_of[found] = -1
    folds = fold_of[units]
    if (folds < 0).all() or n_units < 2:
        _warn_of_no_validation(n_folds, n_rows, None if groups is None else units)
        return np.full(n_rows, -1)
    # Folds that are left, counted from 0.
    left, places = np.unique(folds, return_inverse=True)
    return places - (left[0] < 0)


def cross_folds(y, groups, *, stratify, random_state):
    """Return a fold for each of few training rows; None where they are many.

    Parameters
    ----------
    y, groups, stratify, random_state
        As of :func:`assign_folds`.

    Returns
    -------
    folds : ndarray of int of shape (n_samples,) or None
        -1 for rows that no fold may leave out. None where there are enough rows, or
        fewer rows or groups than would be divided.
    """
    n_units = len(y) if groups is None else len(np.unique(groups))
    if len(y) > _FEW[stratify] or n_units < 10:
        return None
    folds = assign_folds(
        _CROSS_FOLDS, y, groups, stratify=stratify, random_state=random_state
    )
    return folds if folds.max() >= 0 else None


def _deal_groups(units, columns, n_folds, rng):
    """Return each group's fold: the largest first, each into the smallest fold.

    Of classes the fold is that which has the fewest of the group's own.
    """
    codes = columns[0] if len(columns) == 1 else np.zeros(len(units), dtype=int)
    counts = np.zeros((units.max() + 1, codes.max() + 1))
    np.add.at(counts, (units, codes), 1)
    shares = counts.sum(axis=0)
    held = np.zeros((n_folds, counts.shape[1]))
    fold_of = np.empty(len(counts), dtype=int)
    shuffled = rng.permutation(len(counts))
    for unit in shuffled[np.argsort(-counts[shuffled].max(axis=1), kind="stable")]:
        # What the folds would hold of the group's classes, by these classes' sizes.
        after = ((held + counts[unit]) / shares) @ (counts[unit] / shares)
        # Folds that hold nothing first: none stays empty.
        fold = np.lexsort((after, held.sum(axis=1) > 0))[0]
        held[fold] += counts[unit]
        fold_of[unit] = fold
    return fold_of


def _in_one_fold(codes, folds):
    """Yield (class, fold) for the classes of which no row is outside one fold."""
    n_folds = folds.max() + 2
    table = np.zeros((codes.max() + 1, n_folds), dtype=int)
    np.add.at(table, (codes, folds + 1), 1)
    for code in np.flatnonzero((table > 0).sum(axis=1) == 1):
        fold = table[code].argmax() - 1
        if fold >= 0:
            yield code, fold


def _class_codes(y):
    """Return the labels of each output as numbers from 0."""
    return [
        np.unique(column, return_inverse=True)[1] for column in y.reshape(len(y), -1).T
    ]


def _draw_stratified(codes, n_valid, rng):
    """Draw rows of all classes alike; what is ordinary is drawn as scikit-learn does.

    A class of one row trains, and the others keep their shares without it.
    """
    counts = np.bincount(codes)
    n_valid = min(n_valid, len(codes) - len(counts))
    many = counts > 1
    n_train = np.ones(len(counts), dtype=int)
    if many.any():
        n_left = counts[many].sum() - n_valid
        n_train[many] = approximate_mode(counts[many], n_left, rng)
        if n_train.min() < 1:  # more than half of the rows validate
            n_left -= many.sum()
            n_train[many] = 1 + approximate_mode(counts[many] - 1, n_left, rng)
    is_valid = np.zeros(len(codes), dtype=bool)
    rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    for rows, n in zip(rows_of, n_train):
        is_valid[rows[rng.permutation(len(rows))[n:]]] = True
    return is_valid


def _draw_units(units, columns, validation, rng):
    """Draw whole groups, or rows, and pass over those that training cannot spare.

    Parameters
    ----------
    units : ndarray of int of shape (n_samples,)
        Each row's group.
    columns : list of ndarray of int of shape (n_samples,)
        Each output's classes, of which training keeps all.
    validation : float
        Share of the units.
    rng : RandomState

    Returns
    -------
    is_valid : ndarray of bool of shape (n_samples,)
    """
    n_units = units.max() + 1
    n_valid = min(int(np.ceil(validation * n_units)), n_units - 1)
    order = rng.permutation(n_units)
    drawn = np.zeros(n_units, dtype=bool)
    drawn[order[:n_valid]] = True
    if all(_lost(codes, ~drawn[units]).size == 0 for codes in columns):
        return drawn[units]
    drawn[:] = False
    rows_of = np.split(
        np.argsort(units, kind="stable"), np.cumsum(np.bincount(units))[:-1]
    )
    left = [np.bincount(codes) for codes in columns]
    for unit in order:
        fewer = [
            some - np.bincount(codes[rows_of[unit]], minlength=len(some))
            for some, codes in zip(left, columns)
        ]
        if all(some.min() > 0 for some in fewer):
            left, drawn[unit] = fewer, True
            n_valid -= 1
            if n_valid == 0:
                break
    return drawn[units]


def _lost(codes, kept):
    """Return the classes that no kept row has."""
    return np.flatnonzero(np.bincount(codes[kept], minlength=codes.max() + 1) == 0)


def _split_by(validation, X, y, groups, columns):
    """Return the first split of a splitter; warn if its training rows lack a class."""
    splitter = check_cv(validation, y, classifier=bool(columns))
    try:
        train, valid = next(iter(splitter.split(X, y, groups)))
    except ValueError:
        if groups is None or groups.any():
            raise
        # One group alone, as is left in a fold of two sites.
        _warn_of_no_validation(validation, len(y), groups)
        return np.arange(len(y)), np.arange(0)
    kept = np.zeros(len(y), dtype=bool)
    kept[train] = True
    for j, codes in enumerate(columns):
        lost = _lost(codes, kept)
        if len(lost):
            labels = y.reshape(len(y), -1)[:, j]
            names = [labels[codes == code][:1].tolist()[0] for code in lost[:5]]
            of = "" if len(columns) == 1 else f" of output {j}"
            warnings.warn(
                f"The first split of validation={validation!r} has no training row of "
                f"{len(lost)} classes{of}: {names}. They cannot be learned. Take a "
                "splitter that keeps them (StratifiedKFold, StratifiedGroupKFold), or "
                "a fraction.",
                UserWarning,
                stacklevel=2,
            )
    return train, valid


def _warn_of_no_validation(validation, n_rows, groups):
    if groups is None:
        why = "each class has one row, which training needs"
    elif not groups.any():
        why = "all rows are of one group, which is not divided"
    else:
        why = "training would lose a class without any one of the groups"
    warnings.warn(
        f"No rows validate, though validation={validation!r}: {why}. All {n_rows} rows "
        "train for all max_epochs, and the heads are mixed with equal weights. Pass "
        "validation=(X, y) of other rows, or validation=None to silence this warning.",
        UserWarning,
        stacklevel=2,
    )
