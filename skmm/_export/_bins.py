"""Numbers to whole numbers that tell on which side of each split they are."""

import numpy as np

#: The bin of what is missing.
MISSING = -1


class Bins:
    """The columns that the trees of a boosting head read, as whole numbers.

    A number's bin is how many of the column's edges are below it. The edges are the
    thresholds of all splits, so that ``x <= edges[k]`` exactly where ``bin <= k``: in
    float32 a threshold may be rounded to the other side of a number. A category's bin
    is its code.

    Parameters
    ----------
    head : BoostingHead
        Fitted.

    Attributes
    ----------
    edges : list of ndarray of float64, or None
        Of each column, sorted; None of a category.
    """

    def __init__(self, head):
        self.features = head.features_
        is_category = self.features.is_category_
        found = [[np.empty(0)] for _ in is_category]
        for booster in head.estimators_:
            if booster is None:
                continue
            order = column_order(booster)
            for tree in (tree for some in booster._predictors for tree in some):
                nodes = tree.nodes
                splits = nodes[(nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)]
                for place in np.unique(splits["feature_idx"]):
                    here = splits["feature_idx"] == place
                    found[order[place]].append(splits["num_threshold"][here])
        self.edges = [
            None if one else np.unique(np.concatenate(some))
            for one, some in zip(is_category, found)
        ]

    def transform(self, rows):
        """Return the bins of rows, int32 (n_rows, n_columns), -1 where missing.

        Parameters
        ----------
        rows : Rows
        """
        return bin_columns(self.features.transform(rows), self.edges)

    @property
    def raw_edges(self):
        """The edges for numbers that were not rounded before, as some heads do.

        Equal bins come of ``bin_columns(features before rounding, raw_edges)``.
        """
        if not self.features.is_rounded:
            return self.edges
        return [
            edges if edges is None or values is None else _before(edges, values)
            for edges, values in zip(self.edges, self.features.values_)
        ]


def bin_columns(X, edges):
    """Return the bins of a matrix, int32 (n_rows, n_columns), -1 where missing.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        NaN where missing.
    edges : list of ndarray of float64, or None
        None for a column of codes, which stay as they are.
    """
    bins = np.empty(X.shape, np.int32)
    for j, some in enumerate(edges):
        column, missing = X[:, j], np.isnan(X[:, j])
        if some is None:
            found = np.where(missing, 0, column).astype(np.int32)
        else:
            found = np.searchsorted(some, column, side="left")
        bins[:, j] = np.where(missing, MISSING, found)
    return bins


def column_order(booster):
    """Return the column of X that each feature of the trees is.

    Parameters
    ----------
    booster : HistGradientBoostingClassifier or HistGradientBoostingRegressor
        Fitted within a boosting head.
    """
    codes = booster._preprocessor
    return np.arange(booster._n_features) if codes is None else codes.order


def _before(edges, values):
    """Return edges of numbers that are then brought up to the next of some values."""
    places = np.searchsorted(values, edges, side="right") - 1
    below = np.where(places < 0, -np.inf, values[np.maximum(places, 0)])
    # What is above all values becomes the last.
    return np.where(places == len(values) - 1, np.inf, below)
