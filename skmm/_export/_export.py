"""A fitted estimator in a folder that other programs run."""

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import TYPE_CHECKING, Any, Literal

from skmm.persistence._container import write_folder
from skmm.persistence._files import versions

if TYPE_CHECKING:
    from skmm._utils.typing import PathLike

#: The version of the folder; it grows when older programs could not read it.
SCHEMA = 1
_FORMAT = "skmm export"
_GRAPHS = {"onnx": "model.onnx", "torch": "model.pt2"}
#: Of a folder, what tells that it is ours and may be replaced.
_MANIFEST, _INPUTS = "manifest.json", "inputs.json"


def export(
    estimator: Any,
    path: PathLike,
    format: Literal["onnx", "torch"] = "onnx",
    *,
    preprocessing: bool = True,
) -> None:
    """Write a fitted estimator as a graph that runs without skmm.

    The graph computes what ``predict`` and ``predict_proba`` return, of rows that are
    arrays already. With ``format="onnx"`` it holds the net, the linear head, the
    boosted trees and their mixture; the folder also says how cells become these arrays,
    so that :mod:`skmm.runtime` predicts raw rows with numpy and onnxruntime alone. What
    was at `path` before stays whole until the new folder is complete.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        The fitted estimator.
    path : str or path
        The folder to write. One that an earlier call has written is replaced.
    format : {"onnx", "torch"}, default="onnx"
        What the graph is written as: a model of ONNX, or a program of
        :func:`torch.export.export`, which holds the heads that a net trains ("fused"
        and "wide") and gives logits.
    preprocessing : bool, default=True
        If True, the folder of a model of ONNX says how cells become arrays. Set it to
        False if a modality is read in a way that :mod:`skmm.runtime` does not have and
        your program makes the arrays by itself.

    Raises
    ------
    TypeError
        If `estimator` is not an estimator of these classes.
    ValueError
        If a head or an encoder cannot be exported; the message names it, and what to
        do.
    FileExistsError
        If there is something at `path` that this function has not written.
    ImportError
        If onnx or onnxscript is not installed.

    See Also
    --------
    skmm.save : Write the whole estimator, which can be loaded and fitted further.

    Notes
    -----
    The folder holds ``model.onnx`` (or ``model.pt2``), ``inputs.json`` with the names,
    types and shapes of the graph's inputs, ``manifest.json`` with the classes, the
    heads and the versions, ``SHA256SUMS``, and the files of the preprocessing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import skmm
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> model = skmm.MultimodalClassifier(heads=["linear", "boosting"], random_state=0)
    >>> model = model.fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "model"
    ...     skmm.export(model, path)
    ...     sorted(one.name for one in path.iterdir())
    ['SHA256SUMS', 'inputs.json', 'manifest.json', 'model.onnx', ...]
    """
    from skmm._export._checks import check_exportable
    from skmm._export._inputs import input_leaves

    if format not in _GRAPHS:
        raise ValueError(f"format={format!r} is neither 'onnx' nor 'torch'.")
    check_exportable(estimator, format)
    leaves = input_leaves(estimator)
    members = _make_graph(estimator, format, preprocessing)
    members[_INPUTS] = _as_json([leaf._asdict() for leaf in leaves])
    manifest = _describe(estimator, format)
    manifest["sha256"] = {
        name: hashlib.sha256(content).hexdigest() for name, content in members.items()
    }
    members[_MANIFEST] = _as_json(manifest)
    chunks = {name: [content] for name, content in members.items()}
    write_folder(pathlib.Path(path), chunks, is_ours=_is_ours)


def _is_ours(path):
    """Tell whether a folder may be replaced."""
    if not path.is_dir():
        return False
    names = {one.name for one in path.iterdir()}
    return not names or (_MANIFEST in names and not names.isdisjoint(_GRAPHS.values()))


def _make_graph(estimator, file_format, preprocessing):
    """Return the files of a graph, a dict of bytes by name."""
    name = _GRAPHS[file_format]
    if file_format == "torch":
        from skmm._export._torch_graph import to_program

        return {name: to_program(estimator)}
    from skmm._export._model import make_model

    content = make_model(estimator).SerializeToString()
    members = {name: content}
    if preprocessing:
        from skmm._export._preprocessing import make_files

        members |= make_files(estimator)
    return members


def _describe(estimator, file_format):
    """Return what the manifest says."""
    targets, learner = estimator._targets, estimator._learner
    found = {
        "format": _FORMAT,
        "schema": SCHEMA,
        "graph": _GRAPHS[file_format],
        "class": type(estimator).__name__,
        "versions": versions(),
        "target": targets.kind,
        "loss": targets.loss,
        "heads": {name: _as_plain(one) for name, one in learner.mixture.shares.items()},
    }
    if targets.is_classification:
        found["classes"] = [
            [_as_plain(one) for one in some] for some in targets.classes
        ]
    elif targets.n_columns > 1:
        found["quantiles"] = _as_plain(targets.criterion.quantiles)
    return found


def _as_plain(value):
    """Return a value as JSON has it; of what it has not, how it is written."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, tuple):
        value = list(value)
    return value if isinstance(value, (bool, int, float, str, list)) else str(value)


def _as_json(value):
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii")
