"""One task: some columns of Y, and what is learned of them."""

import contextlib

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import MultiLabelBinarizer

from skmm._training.ordinal import OrdinalTargets
from skmm._training.reading import read_labels, read_numbers
from skmm._training.targets import ClassificationTargets, RegressionTargets

#: What a task may be.
KINDS = ("classification", "ordinal", "multilabel", "regression")


class Task:
    """One task: some columns of Y, and what is learned of them.

    Parameters
    ----------
    name : label
    kind : {"classification", "ordinal", "multilabel", "regression"}
    columns : list
        Labels of its columns of Y: one, or several of 0 and 1 for "multilabel".
    frame : DataFrame
        Y, of the rows of the fit.

    Attributes
    ----------
    targets : ClassificationTargets or RegressionTargets
        See :meth:`begin`.
    logits, codes : slice
        Its places among those of all tasks.
    """

    def __init__(self, name, kind, columns, frame):
        self.name = name
        self.kind = kind
        self.columns = columns
        self.dtypes = [_remember_dtype(frame[label].dtype) for label in columns]
        self.binarizer = None
        known = frame[self.known(frame)]
        if not len(known):
            raise ValueError(
                f"Task {name!r} of Y has no known target in {len(frame)} rows. Leave "
                "the column out."
            )
        if kind == "multilabel" and len(columns) == 1:
            self._learn_labels(known[columns[0]])

    def _learn_labels(self, column):
        bad = [
            place
            for place, cell in enumerate(column)
            if not isinstance(cell, (list, tuple, set, frozenset, np.ndarray))
        ]
        if bad:
            raise ValueError(
                f"Task {self.name!r} is multilabel, and cell {column.index[bad[0]]!r} "
                f"of its column holds {column.iloc[bad[0]]!r}. Each cell is a list of "
                "labels, or missing; for columns of 0 and 1 pass their names: "
                f"tasks={{{self.name!r}: [column, ...]}}."
            )
        self.binarizer = MultiLabelBinarizer().fit(column)
        if len(self.binarizer.classes_) < 2:
            raise ValueError(
                f"Task {self.name!r} has the labels "
                f"{self.binarizer.classes_.tolist()} in all its rows; a multilabel "
                "task has two or more."
            )

    def begin(self, frame, weight, logits, codes):
        """Settle what is learned.

        Parameters
        ----------
        frame : DataFrame
            Y.
        weight : ndarray of shape (n_samples,)
        logits, codes : int
            Where its own begin among those of all tasks.
        """
        known = self.known(frame)
        y = self.read(frame[known])
        with self._named():
            if self.kind == "regression":
                self.targets = RegressionTargets(y, weight[known])
            elif self.kind == "ordinal":
                self.targets = OrdinalTargets(y)
            else:
                self.targets = ClassificationTargets(y)
            n_codes = self.targets.encode(y[:1]).shape[1]
        self.logits = slice(logits, logits + self.targets.n_logits)
        self.codes = slice(codes, codes + n_codes)

    @contextlib.contextmanager
    def _named(self):
        """Say of which task an error is."""
        try:
            yield
        except ValueError as error:
            raise ValueError(f"Task {self.name!r} of Y: {error}") from error

    @property
    def is_classification(self):
        return self.kind != "regression"

    @property
    def classes(self):
        """What ``classes_`` shows: classes, or names of the labels; None of numbers."""
        if not self.is_classification:
            return None
        if self.kind == "multilabel":
            if self.binarizer is not None:
                return self.binarizer.classes_
            return np.array(self.columns, dtype=object)
        return self.targets.classes[0]

    def known(self, frame):
        """Tell which rows of Y have the task, a bool array (n_samples,)."""
        return frame[self.columns].notna().to_numpy().all(axis=1)

    def read(self, frame):
        """Return the targets of rows that have them, an array as estimators take it.

        Parameters
        ----------
        frame : DataFrame
            Y.
        """
        with self._named():
            if self.binarizer is not None:
                return self.binarizer.transform(frame[self.columns[0]])
            if len(self.columns) > 1:
                y = read_labels(frame[self.columns].infer_objects())
                if not np.isin(y, [0, 1]).all():
                    raise ValueError(
                        f"the columns {self.columns} hold other than 0 and 1, and are "
                        "labels that a row has or has not. Name each as a task."
                    )
                return y.astype(np.int64)
            column = frame[self.columns[0]].infer_objects()
            return (
                read_labels(column) if self.is_classification else read_numbers(column)
            )

    def restore(self, y):
        """Return predictions as columns of Y, a dict of label to Series.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        import pandas as pd

        if self.kind == "regression":
            return {self.columns[0]: pd.Series(y)}
        if self.binarizer is not None:
            rows = self.binarizer.inverse_transform(y)
            return {
                self.columns[0]: pd.Series([list(row) for row in rows], dtype=object)
            }
        parts = y.reshape(len(y), -1).T
        return {
            label: _with_dtype(pd.Series(part), dtype)
            for label, part, dtype in zip(self.columns, parts, self.dtypes)
        }

    def score(self, y, y_pred, weight=None):
        """Return accuracy or R², as the estimators of one task do.

        Parameters
        ----------
        y, y_pred : ndarray
            As of :meth:`read`.
        weight : ndarray of shape (n_samples,), default=None
        """
        if self.is_classification:
            return float(accuracy_score(y, y_pred, sample_weight=weight))
        score = self.targets.score(y, y_pred, weight)
        return np.nan if score is None else score


def _remember_dtype(dtype):
    """Return what tells a column's type, of plain values alone."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return {"categories": list(dtype.categories), "ordered": bool(dtype.ordered)}
    return {"name": str(dtype)}


def _with_dtype(column, known):
    """Return a column with the type that was remembered, where it can have it."""
    import pandas as pd

    if "categories" in known:
        return column.astype(pd.CategoricalDtype(known["categories"], known["ordered"]))
    try:
        return column.astype(known["name"])
    except (TypeError, ValueError):
        return column
