"""A module of torch as a graph."""

import contextlib
import io
import logging
import warnings

import numpy as np
import torch
import torch.fx.experimental._config

from skmm._export._graph import OPSET
from skmm._export._mixed import MixedNet
from skmm._export._recurrent import translations
from skmm._utils.optional import optional_import

#: Rows, and entries or steps, of the inputs that a module is traced with.
_N_ROWS, _LENGTH = 3, 5


def trace(net):
    """Return a net as a program of torch, for any number of rows.

    Parameters
    ----------
    net : Net

    Returns
    -------
    program : torch.export.ExportedProgram
    """
    arrays = tuple(torch.from_numpy(_example(leaf)) for leaf in net.leaves)
    n = torch.export.Dim("n", min=1)
    shapes, known = [], {"n": n, "n + 1": n + 1}
    for leaf in net.leaves:
        dims = {}
        for axis, size in enumerate(leaf.shape):
            if not isinstance(size, str) or (leaf.most == 1 and size not in known):
                continue
            if size not in known:
                name = f"length_{len(known)}"
                known[size] = torch.export.Dim(name, min=1, max=leaf.most)
            dims[axis] = known[size]
        shapes.append(dims)
    options = {"dynamic_shapes": (tuple(shapes),), "strict": False}
    with _refusing(), torch.no_grad():
        return torch.export.export(net, arrays, **options)


def to_onnx(net):
    """Return a net as a model of ONNX.

    Parameters
    ----------
    net : Net

    Returns
    -------
    model : onnx.ModelProto
        Its inputs are named as the net's.
    """
    optional_import("onnxscript", "export")
    program = trace(net)
    names = [leaf.name for leaf in net.leaves]
    with _refusing(), _silence():
        made = torch.onnx.export(
            program,
            input_names=names,
            output_names=[f"{head}.logits" for head in net.heads],
            custom_translation_table=translations(),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            optimize=True,
        )
    return made.model_proto


def to_program(estimator):
    """Return the net of an estimator, with its mixture, as bytes of an ExportedProgram.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Of heads that a net trains alone.
    """
    file = io.BytesIO()
    with _silence(), _like_any_number():
        torch.export.save(trace(MixedNet(estimator)), file)
    return file.getvalue()


def _example(leaf):
    """Return an array that an input may be."""
    sizes = {"n": _N_ROWS, "n + 1": _N_ROWS + 1}
    length = min(_LENGTH, leaf.most or _LENGTH)
    shape = [sizes.get(one, length) if type(one) is str else one for one in leaf.shape]
    if leaf.name.endswith(".offsets"):
        return np.array([0, 2, 4, _LENGTH], np.int64)
    return np.ones(shape, leaf.dtype)


def _like_any_number():
    """Trace one row like any other number of them, where torch has an option for it.

    Otherwise a program asks for two rows or more.
    """
    config, option = torch.fx.experimental._config, "backed_size_oblivious"
    if not hasattr(config, option):  # torch 2.6
        return contextlib.nullcontext()
    return config.patch(**{option: True})


@contextlib.contextmanager
def _refusing():
    """Say what to do about whatever torch raises of a module, mostly a user's own."""
    try:
        yield
    except Exception as error:
        told = str(error).strip().partition("\n")[0]
        raise ValueError(
            "The net cannot be exported: a module of its encoders or its fusion "
            f"computes what torch.export cannot follow ({told}). Take another backbone "
            "or another fusion, or fit with heads=['linear', 'boosting']."
        ) from error


@contextlib.contextmanager
def _silence():
    """Keep what the exporter says of its own workings to itself."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
