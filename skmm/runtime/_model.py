"""An exported model: rows in, predictions out."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from skmm.runtime._boosting import Bins
from skmm.runtime._encoders import ENCODERS
from skmm.runtime._errors import RuntimeFileError
from skmm.runtime._fields import Fields
from skmm.runtime._files import GRAPH, read_folder
from skmm.runtime._rows import read_rows
from skmm.runtime._sparse import from_dense, join

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    #: Rows as dicts, or columns by their labels.
    Rows = Sequence[Mapping[Any, Any]] | Mapping[Any, Sequence[Any]]


#: Of targets.
_KINDS = ("binary", "multiclass", "multilabel", "multioutput", "ordinal", "regression")
#: What a description that was tampered with may lead to.
_DAMAGES = (LookupError, TypeError, ValueError, OverflowError, MemoryError)
#: How the dtypes of classes begin.
_CLASSES = ("<U", ">U", "|O", "|b", "|i", "|u", "<i", "<u", "<f", ">i", ">u", ">f")


def load(path: str | os.PathLike[str], n_threads: int = 1) -> RuntimeModel:
    """Load a model that :func:`skmm.export` has written.

    NumPy and onnxruntime are all that is needed, and Pillow for pictures: neither
    torch nor scikit-learn nor pandas is imported. Nothing of the folder is run as code
    of Python, and the hashes of its files are checked.

    Parameters
    ----------
    path : str or path
        The folder.
    n_threads : int, default=1
        Number of threads that the graph is run by. One is the quickest for few rows.

    Returns
    -------
    model : RuntimeModel

    Raises
    ------
    RuntimeFileError
        If a file is not there, or not as it was written, or of a later version.
    ImportError
        If onnxruntime is not installed.

    See Also
    --------
    skmm.load : Load a whole estimator, which can be fitted further.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import skmm
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> estimator = skmm.MultimodalClassifier(heads=["linear"], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "model"
    ...     skmm.export(estimator.fit(X, y), path)
    ...     model = skmm.runtime.load(path)
    >>> rows = X.head(3).to_dict("records")
    >>> bool((model.predict(rows) == estimator.predict(X.head(3))).all())
    True
    """
    path = pathlib.Path(path)
    description = read_folder(path)
    return RuntimeModel(description, _make_session(path / GRAPH, n_threads))


def _make_session(path, n_threads):
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            "skmm.runtime needs onnxruntime, which could not be imported "
            f"({error}). Install it: pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its own types, of which it exports none
        raise RuntimeFileError(f"{path} cannot be run: {error}") from error


class RuntimeModel:
    """An exported model, which predicts without torch, scikit-learn and pandas.

    :func:`load` makes it. Each row is read by itself, as the estimator reads a frame
    of that row alone.

    Attributes
    ----------
    columns : dict
        The kind of each column by its label, in the order of the fit: a reader of a
        table ("number", "category", "date", ...), "text", "image" or "vector", or
        "unused".
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The classes as the estimator has them. Only of a classifier.

    See Also
    --------
    load : Load an exported model.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> import skmm
    >>> X = pd.DataFrame({"age": range(40), "size": ["S", "M"] * 20})
    >>> estimator = skmm.MultimodalRegressor(heads=["linear"], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "model"
    ...     skmm.export(estimator.fit(X, X["age"]), path)
    ...     model = skmm.runtime.load(path)
    >>> model.columns
    {'age': 'number', 'size': 'category'}
    >>> model.predict([{"age": 12, "size": "M"}, {"age": "30"}]).shape
    (2,)
    """

    def __init__(self, description: dict[str, Any], session: Any = None) -> None:
        try:
            fields = Fields(description)
            self.columns: dict[Any, str] = {
                one.label("label"): one.text("kind") for one in fields.each("columns")
            }
            self._encoders = {
                one.text("name"): ENCODERS[one.text("kind", ENCODERS)](one)
                for one in fields.each("modalities")
            }
            self._bins = [Bins(one) for one in fields.each("boosting")]
            self._reads_linear = fields.flag("linear")
            self._set_target(fields.object("target"))
            # What is only told by the rows: a blank one has all of it.
            self.preprocess([{}])
        except _DAMAGES as error:
            raise RuntimeFileError(
                f"The description of the model is damaged: {error}. Export it anew."
            ) from error
        self._session = session
        inputs = [] if session is None else session.get_inputs()
        self._inputs = [one.name for one in inputs]

    def _set_target(self, target):
        self._kind = target.text("kind", _KINDS)
        self._is_vector = target.flag("is_vector")
        self._classes = [
            _classes_of(one.plain("values"), one.text("dtype"))
            for one in target.each("classes")
        ]
        if self._kind == "multilabel":
            self.classes_ = np.arange(len(self._classes))
        elif self._kind == "multioutput":
            self.classes_ = self._classes
        elif self._kind != "regression":
            (self.classes_,) = self._classes

    def predict(self, rows: Rows) -> npt.NDArray[Any]:
        """Predict the class, or the number, of each row.

        Parameters
        ----------
        rows : list of dict, or dict of list
            One dict for each row, from the labels of columns to values as JSON has
            them; a column that a row lacks is missing there. Or a list of values for
            each column. Of pictures, the bytes of a file, or these as base64.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)

        Raises
        ------
        RowError
            If a value cannot be read; the message names the column and the row.
        """
        if self._kind == "regression":
            (y,) = self._run(rows, ["predictions"])
            return y[:, 0] if self._is_vector else y
        (labels,) = self._run(rows, ["labels"])
        columns = [known[codes] for known, codes in zip(self._classes, labels.T)]
        if isinstance(self.classes_, list) or self._kind == "multilabel":
            return np.column_stack(columns)
        return columns[0]

    def predict_proba(
        self, rows: Rows
    ) -> npt.NDArray[np.float64] | list[npt.NDArray[np.float64]]:
        """Predict the probability of each class.

        Parameters
        ----------
        rows : list of dict, or dict of list
            As in :meth:`predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes), or list of these
            A list with one for each output if there are several.

        Raises
        ------
        RowError
            If a value cannot be read; the message names the column and the row.
        AttributeError
            If the model is not a classifier.
        """
        if self._kind == "regression":
            raise AttributeError(
                "predict_proba is of classifiers, and this model predicts numbers. "
                "Call predict."
            )
        if self._kind != "multioutput":
            return self._run(rows, ["probabilities"])[0]
        return self._run(
            rows, [f"probabilities.{j}" for j in range(len(self._classes))]
        )

    def preprocess(self, rows: Rows) -> dict[str, npt.NDArray[Any]]:
        """Return what the graph takes for rows.

        Parameters
        ----------
        rows : list of dict, or dict of list
            As in :meth:`predict`.

        Returns
        -------
        inputs : dict of str to ndarray
            By the names of the inputs of ``model.onnx``.

        Raises
        ------
        RowError
            If a value cannot be read; the message names the column and the row.
        """
        columns, n_rows = read_rows(rows, self.columns)
        encoded = {
            name: encoder.encode([columns[label] for label in encoder.labels])
            for name, encoder in self._encoders.items()
        }
        made = {}
        for name, one in encoded.items():
            made[f"{name}.present"] = one.present
            for leaf, array in one.arrays().items():
                made[f"{name}.{leaf}"] = array
        if self._reads_linear:
            features = _linear_features(encoded, n_rows)
            made["linear.indices"] = features.indices
            made["linear.values"] = features.values
            made["linear.offsets"] = features.offsets
        if self._bins:
            bins = [some(encoded, n_rows) for some in self._bins]
            made["boosting.bins"] = bins[0] if len(bins) == 1 else np.hstack(bins)
        return made

    def _run(self, rows, outputs):
        made = self.preprocess(rows)
        try:
            inputs = {name: made[name] for name in self._inputs}
        except KeyError as error:
            raise RuntimeFileError(
                f"The graph takes {error}, which the description of the model does not "
                "make. Export it anew."
            ) from None
        return self._session.run(outputs, inputs)


def _classes_of(values, dtype):
    """Return the classes of an output."""
    if type(values) is not list or dtype[:2] not in _CLASSES:
        raise ValueError(f"classes are of the type {dtype!r}")
    return np.array(values, dtype=dtype)


def _linear_features(encoded, n_rows):
    """Return the features of the linear head, those of all modalities side by side."""
    parts = []
    for one in encoded.values():
        part = one.linear()
        if part is not None:
            parts.append(part.where(one.present))
    if len(encoded) > 1:
        absent = [~one.present for one in encoded.values()]
        parts.append(from_dense(np.column_stack(absent).astype(np.float32)))
    return join(parts, n_rows)
