"""Folders and repositories of the Hugging Face Hub."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any, Literal

from skmm._utils.optional import optional_import
from skmm.persistence import _container
from skmm.persistence._files import as_members, load
from skmm.sharing._card import ModelCard, model_card
from skmm.sharing._facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skmm._utils.typing import PathLike

_README = "README.md"


def save_pretrained(
    estimator: Any,
    save_directory: PathLike,
    *,
    card: ModelCard | Literal["auto"] | None = "auto",
    repo_id: str | None = None,
) -> None:
    """Write a fitted estimator into a folder as the Hugging Face Hub expects it.

    The folder gets ``model.safetensors`` with all arrays, ``state.json`` with
    everything else, ``config.json`` with class, columns and versions, ``SHA256SUMS``
    and a model card ``README.md``. There is no pickle in it: :func:`from_pretrained`
    and :func:`skmm.load` read it without running any code of it. Other files of the
    folder stay.

    Parameters
    ----------
    estimator : estimator
        Fitted; see :func:`skmm.save`.
    save_directory : str or path
        Made if it is not there.
    card : ModelCard, "auto" or None, default="auto"
        The model card. "auto" writes one by :func:`skmm.model_card` if the folder has
        none, so that what an author wrote into it stays; None writes none.
    repo_id : str, default=None
        Where the model will be found, for the code of an automatic card. None takes
        the name of the folder.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If a part of it cannot be written; the message names the attribute.

    See Also
    --------
    skmm.save : Write a single file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skmm.feature_extraction import TextVectorizer
    >>> from skmm.sharing import from_pretrained, save_pretrained
    >>> fitted = TextVectorizer().fit([["warm soup"], ["cold tea"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_pretrained(fitted, folder)
    ...     names = sorted(path.name for path in pathlib.Path(folder).iterdir())
    ...     loaded = from_pretrained(folder)
    >>> names
    ['README.md', 'SHA256SUMS', 'config.json', 'model.safetensors', 'state.json']
    >>> bool((loaded.transform([["tea"]]) == fitted.transform([["tea"]])).all())
    True
    """
    folder = pathlib.Path(save_directory)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is a file. Give a folder, or write a file by skmm.save."
        )
    if (folder / _container.MEMBERS[0]).exists():
        raise FileExistsError(
            f"{folder} holds a model of skmm.save(folder=True). Give a new name, or "
            "remove it."
        )
    if card == "auto":
        has_one = (folder / _README).exists()
        place = repo_id or folder.name
        card = None if has_one else model_card(estimator, repo_id=place)
    _check_card(card)
    facts = Facts(estimator)
    labels = facts.labels
    told = {"library_name": "skmm", "task": facts.task}
    if labels is not None:
        told["columns"] = [str(label) for label in labels]
    _container.write_for_hub(folder, as_members(estimator, **told))
    if card is not None:
        card.save(folder / _README)


def from_pretrained(
    name_or_path: PathLike,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: PathLike | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    trusted: Sequence[str] | None = None,
    mmap: bool = False,
) -> Any:
    """Load an estimator from a folder, or from a repository of the Hugging Face Hub.

    Nothing in the files is run; see :func:`skmm.load`. Of a repository only the files
    of the model are fetched, and kept in the cache of huggingface_hub.

    Parameters
    ----------
    name_or_path : str or path
        A folder of :func:`save_pretrained` or a file of :func:`skmm.save`; else the
        name of a repository, ``"owner/name"``.
    revision : str, default=None
        Branch, tag or commit of the repository; None is its main branch. Only a whole
        commit hash stands for the same files for ever.
    token : str or bool, default=None
        Token for a private repository. None or True takes the one of ``hf auth login``,
        False sends none.
    cache_dir : str or path, default=None
        Where fetched files are kept; None leaves it to huggingface_hub.
    force_download : bool, default=False
        If True, files are fetched again even if the cache has them.
    local_files_only : bool, default=False
        If True, nothing is fetched: the cache must have the files.
    trusted : list of str, default=None
        Names of further classes and functions that may be loaded, as of
        :func:`skmm.load`. Pickles are never read.
    mmap : bool, default=False
        If True, arrays of a file of :func:`skmm.save` stay in the file.

    Returns
    -------
    estimator : estimator

    Raises
    ------
    FileNotFoundError
        If a path is not there.
    ImportError
        If it is the name of a repository, and huggingface_hub is not installed.
    skmm.persistence.ModelFileError
        If the files are damaged, are not of skmm, or name types that are not trusted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmm.sharing import from_pretrained, save_pretrained
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_pretrained(StandardScaler().fit([[0.0], [2.0]]), folder)
    ...     from_pretrained(folder).mean_
    array([1.])
    """
    if trusted == "pickle":
        raise ValueError(
            "from_pretrained reads no pickles. Load one of your own by skmm.load(path, "
            "trusted='pickle')."
        )
    path = pathlib.Path(name_or_path)
    if not path.exists():
        path = _fetch(
            name_or_path,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
        )
    return load(path, trusted=trusted, mmap=mmap)


def push_to_hub(
    estimator: Any,
    repo_id: str,
    *,
    commit_message: str = "Upload a model of skmm",
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    card: ModelCard | Literal["auto"] | None = "auto",
) -> str:
    """Write a fitted estimator into a repository of the Hugging Face Hub.

    All files go there in one commit, so that a revision never has parts of two models.

    Parameters
    ----------
    estimator : estimator
        Fitted; see :func:`skmm.save`.
    repo_id : str
        ``"owner/name"``. The repository is made if it is not there.
    commit_message : str, default="Upload a model of skmm"
    private : bool, default=None
        If True, a repository that is made is private. None leaves it to the settings of
        the owner.
    token : str or bool, default=None
        A token that may write; None takes the one of ``hf auth login``.
    revision : str, default=None
        The branch to write to, which is made if it is not there; None is the main one.
    create_pr : bool, default=False
        If True, the commit is proposed as a pull request.
    card : ModelCard, "auto" or None, default="auto"
        The model card, ``README.md``. "auto" writes one by :func:`skmm.model_card` if
        the repository has none; None leaves it as it is.

    Returns
    -------
    url : str
        The address of the commit, or of the pull request.

    Raises
    ------
    ImportError
        If huggingface_hub is not installed.
    NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    save_pretrained : Write the same files into a folder.

    Examples
    --------
    >>> from skmm.sharing import push_to_hub
    >>> push_to_hub(model, "owner/reviews", private=True)  # doctest: +SKIP
    'https://huggingface.co/owner/reviews/commit/...'
    """
    hub = optional_import("huggingface_hub", "hub")
    _check_card(None if card == "auto" else card)
    api = hub.HfApi(token=token, library_name="skmm")
    with tempfile.TemporaryDirectory() as folder:
        # First, since what cannot be written needs no repository.
        save_pretrained(estimator, folder, card=None)
        made = model_card(estimator, repo_id=repo_id) if card == "auto" else card
        repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        if revision is not None and not create_pr:
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        if card == "auto" and api.file_exists(repo_id, _README, revision=revision):
            made = None
        if made is not None:
            made.save(os.path.join(folder, _README))
        added = [
            hub.CommitOperationAdd(path.name, path)
            for path in sorted(pathlib.Path(folder).iterdir())
        ]
        commit = api.create_commit(
            repo_id,
            added,
            commit_message=commit_message,
            revision=revision,
            create_pr=create_pr,
        )
    return str(commit.pr_url or commit.commit_url)


def _check_card(card):
    if card is not None and not isinstance(card, ModelCard):
        raise TypeError(
            f"card is {card!r}. Give a ModelCard, as skmm.model_card returns, 'auto' "
            "or None."
        )


def _fetch(name, **options):
    """Return the folder in which the files of a repository are."""
    text = os.fspath(name)
    # A name is one word, or two with a stroke between; else it is a path.
    is_path = isinstance(name, os.PathLike) or text.count("/") > 1 or "\\" in text
    if is_path or text.startswith((".", "~", "/")):
        raise FileNotFoundError(f"There is no folder or file {text!r}.")
    hub = optional_import("huggingface_hub", "hub")
    return hub.snapshot_download(
        text, allow_patterns=list(_container.HUB_FILES), library_name="skmm", **options
    )
