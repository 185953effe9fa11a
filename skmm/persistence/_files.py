"""Models in files that run no code."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
import warnings
from typing import TYPE_CHECKING, Any, Literal

from skmm.persistence import _container
from skmm.persistence._errors import ModelFileError, UntrustedTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skmm._utils.typing import PathLike

#: The version of what is written; it grows when older programs could not read it.
SCHEMA = 1
_FORMAT = "skmm model"
#: Whose version a prediction may depend on.
_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "torch", "skorch", "skrub")
#: Those of which another version is worth a warning.
_DECISIVE = ("skmm", "scikit-learn", "torch")


def save(estimator: Any, path: PathLike, *, folder: bool = False) -> None:
    """Write a fitted estimator into a file that runs no code when it is loaded.

    The file holds the arrays in the layout of safetensors and everything else as JSON;
    :func:`skmm.load` reads it in any process, and on a computer without the GPU that
    the model was fitted on. What was at `path` before stays whole until the new file is
    complete. Two files of one model are the same byte for byte.

    Parameters
    ----------
    estimator : estimator
        An estimator, transformer or search of skmm, or a Pipeline of them; other
        objects of scikit-learn work as well. It need not be fitted.
    path : str or path
        Where to write, by custom with the ending ``.skmm``.
    folder : bool, default=False
        If True, a folder of the same parts is written in place of one ZIP archive, for
        version control or storage that keeps single files.

    Raises
    ------
    TypeError
        If a part of it cannot be written: a lambda, a class that is defined in a
        script, an object whose state is not Python's own. The message names the
        attribute.

    See Also
    --------
    skmm.load : Read the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import skmm
    >>> from skmm.feature_extraction import TextVectorizer
    >>> fitted = TextVectorizer().fit([["warm soup"], ["cold tea"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "text.skmm"
    ...     skmm.save(fitted, path)
    ...     loaded = skmm.load(path)
    >>> bool((loaded.transform([["tea"]]) == fitted.transform([["tea"]])).all())
    True
    """
    from skmm.persistence._dump import Dumper

    dumper = Dumper("estimator")
    state = _as_bytes(dumper(estimator))
    manifest = {
        "format": _FORMAT,
        "schema": SCHEMA,
        "class": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
        "versions": get_versions(),
    }
    members = {
        "manifest.json": [_as_bytes(manifest, indent=2)],
        "state.json": [state],
        "tensors.safetensors": dumper.store.chunks(),
    }
    _container.write(path, members, folder)


def load(
    path: PathLike,
    *,
    trusted: Sequence[str] | Literal["pickle"] | None = None,
    mmap: bool = False,
) -> Any:
    """Read an estimator from a file that :func:`skmm.save` wrote.

    Nothing in the file is run. Classes are looked up by their names among those of
    skmm, scikit-learn, skrub and torch's layers, and get the attributes that the file
    lists; any other name is refused unless it is listed in `trusted`. A file that was
    damaged is refused, since it holds a hash of all its bytes. The hash is not a
    signature: it does not say who made the file.

    Parameters
    ----------
    path : str or path
        A file or a folder.
    trusted : list of str or "pickle", default=None
        Names of further classes and functions that may be loaded, such as
        ``"my_package.MyTransformer"``; :func:`get_untrusted_types` lists those that a
        file needs. "pickle" reads a pickle (one of joblib as well) in place of a model
        file: **a pickle can run any code**, so do that only with one of your own.
    mmap : bool, default=False
        If True, arrays stay in the file and are read when they are needed, so that
        several processes share their memory. The file must not be overwritten in place
        in the meantime; :func:`skmm.save` never does.

    Returns
    -------
    estimator : estimator

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    skmm.persistence.ModelFileError
        If the file is damaged, is not a model, or was written by a later version.
    skmm.persistence.UntrustedTypeError
        If it names types that are not trusted; the message lists them.

    Warns
    -----
    UserWarning
        If the file was written with another version of skmm, scikit-learn or torch.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.preprocessing import StandardScaler
    >>> import skmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "scaler.skmm"
    ...     skmm.save(StandardScaler().fit([[0.0], [2.0]]), path)
    ...     skmm.load(path).mean_
    array([1.])
    """
    if isinstance(trusted, str):
        if trusted != "pickle":
            raise ValueError(
                f"trusted={trusted!r} is neither 'pickle' nor a list of names. Write "
                f"trusted=[{trusted!r}]."
            )
        return _load_pickle(path)
    from skmm.persistence._restore import Restorer
    from skmm.persistence._tensors import read_tensors
    from skmm.persistence._trust import not_trusted

    with _naming(path):
        manifest, state, members = _read(path)
        _compare_versions(path, manifest)
        names = _untrusted(state, trusted or ())
        if names:
            raise UntrustedTypeError(not_trusted(names))

        arrays = read_tensors(members["tensors.safetensors"], copy=not mmap)
        return Restorer(arrays, trusted or ())(state)


def get_untrusted_types(path: PathLike) -> list[str]:
    """List the types in a file that :func:`skmm.load` does not load by itself.

    Nothing is imported or run.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    names : list of str
        What ``load(path, trusted=names)`` would trust; look each of them up before.

    Raises
    ------
    skmm.persistence.ModelFileError
        If the file is damaged or is not a model.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> import textwrap
    >>> import skmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "function.skmm"
    ...     skmm.save(FunctionTransformer(textwrap.dedent), path)
    ...     skmm.persistence.get_untrusted_types(path)
    ['textwrap.dedent']
    """
    with _naming(path):
        _, state, _ = _read(path)
        return _untrusted(state, ())


def _untrusted(state, trusted):
    from skmm.persistence._restore import untrusted_names

    return [name for name in untrusted_names(state) if name not in trusted]


def _read(path):
    """Return manifest, state and members of a file."""
    members = _container.read(path)
    manifest = _parse(members["manifest.json"], "manifest")
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ModelFileError("It is not a model that skmm.save wrote.")
    schema = manifest.get("schema")
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        written = manifest.get("versions")
        version = written.get("skmm") if isinstance(written, dict) else None
        raise ModelFileError(
            f"It is of the schema {schema!r}, by skmm {version}; this version reads 1 "
            f"to {SCHEMA}. Install a later version of skmm."
        )
    return manifest, _parse(members["state.json"], "state"), members


class _naming:
    """Say of which file an error is; and of what is damaged, nothing else is said.

    What a mutated file makes of numpy's, pandas' or torch's constructors is theirs to
    raise, and not listed anywhere.
    """

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, cls, error, trace):
        if error is None or isinstance(error, (OSError, ImportError, Warning)):
            return False
        if not isinstance(error, Exception):
            return False
        known = isinstance(error, ModelFileError)
        made = type(error) if known else ModelFileError
        told = str(error)
        if not known:
            told = f"It is damaged: {type(error).__name__}: {error}"
        raise made(f"Cannot load {str(self._path)!r}. {told}") from error


def _parse(content, what):
    try:
        return json.loads(bytes(content).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"Its {what} is not JSON: {error}") from None


def _as_bytes(value, indent=None):
    text = json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=None if indent else (",", ":"),
    )
    return text.encode("utf-8", "surrogatepass")


@functools.cache
def get_versions():
    """Return the versions that a prediction may depend on, by package."""
    import skmm

    found = {"skmm": skmm.__version__, "python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _compare_versions(path, manifest):
    written, here = manifest.get("versions"), get_versions()
    if not isinstance(written, dict):
        raise ModelFileError("It does not say which versions it is of.")
    others = [
        f"{name} {written.get(name)} (here {here[name]})"
        for name in _DECISIVE
        if _release(written.get(name)) != _release(here[name])
    ]
    if others:
        warnings.warn(
            f"{str(path)!r} was written with {', '.join(others)}. Compare a few "
            "predictions with those of before, or fit anew.",
            UserWarning,
            stacklevel=4,
        )


def _release(version):
    """Return the parts of a version whose change may change a prediction."""
    return str(version).partition("+")[0].split(".")[:2]


def _load_pickle(path):
    import joblib

    return joblib.load(path)
