"""What keeps estimators: files that run no code, and pickles with a version."""

from __future__ import annotations

import contextlib
import inspect
import warnings
import weakref
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skmm._utils.typing import PathLike
    from skmm.sharing import ModelCard

#: What a pickle has the version in.
_STAMP = "_skmm_version"


def _is_of_a_part(error):
    """Tell whether an error was raised by what a file has without being trusted for it.

    A transformer of a user's own may stumble over cells in ways of its own.
    """
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "")
    return module.partition(".")[0] in _LIBRARIES


def _defaults(cls):
    """Return the parameters of an estimator's class, as they are by default."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


#: Estimators that were read from a file of :func:`skmm.save`. Not an attribute of them:
#: it would be written again.
_FROM_FILES: weakref.WeakSet = weakref.WeakSet()
#: Whose code meets the parts of a file.
_LIBRARIES = {"skmm", "sklearn", "skrub", "numpy", "scipy", "pandas", "torch", "skorch"}
#: What is wrong with the computer, or with the rows, and not with a file.
_NOT_OF_FILES = (OSError, ImportError, MemoryError, Warning)


class SavingMixin:
    """``save``, conventions of the Hugging Face Hub, and the version in pickles."""

    def save(
        self, path: PathLike, *, folder: bool = False, optimizer: bool = True
    ) -> None:
        """Write this estimator into a file that runs no code when it is loaded.

        Parameters
        ----------
        path : str or path
            By custom with the ending ``.skmm``.
        folder : bool, default=False
            If True, a folder of the same parts is written.
        optimizer : bool, default=True
            If True, what learns by ``partial_fit`` keeps the state of its optimizer.

        Raises
        ------
        TypeError
            If a part of it cannot be written; the message names the attribute.

        See Also
        --------
        skmm.load : Read the file.
        skmm.save : The same for transformers, searches and pipelines as well.
        """
        from skmm.persistence import save

        save(self, path, folder=folder, optimizer=optimizer)

    def save_pretrained(
        self,
        save_directory: PathLike,
        *,
        card: ModelCard | Literal["auto"] | None = "auto",
        repo_id: str | None = None,
    ) -> None:
        """Write this estimator into a folder as the Hugging Face Hub expects it.

        Parameters
        ----------
        save_directory : str or path
            Made if it is not there; other files in it stay.
        card : ModelCard, "auto" or None, default="auto"
            The model card, ``README.md``. "auto" writes one by
            :func:`skmm.model_card` if the folder has none; None writes none.
        repo_id : str, default=None
            Where the model will be found, for the code of an automatic card. None
            takes the name of the folder.

        See Also
        --------
        skmm.sharing.save_pretrained : The same for other estimators as well.
        """
        from skmm.sharing import save_pretrained

        save_pretrained(self, save_directory, card=card, repo_id=repo_id)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: PathLike,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: PathLike | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        trusted: Sequence[str] | None = None,
        mmap: bool = False,
    ) -> Self:
        """Load an estimator from a folder or from the Hugging Face Hub.

        Parameters
        ----------
        name_or_path : str or path
            A folder of ``save_pretrained`` or a file of ``save``; else the name of a
            repository, ``"owner/name"``.
        revision : str, default=None
            Branch, tag or commit of the repository; None is its main branch.
        token : str or bool, default=None
            Token for a private repository. None takes the one of ``hf auth login``.
        cache_dir : str or path, default=None
            Where fetched files are kept; None leaves it to huggingface_hub.
        force_download : bool, default=False
            If True, files are fetched again even if the cache has them.
        local_files_only : bool, default=False
            If True, nothing is fetched: the cache must have the files.
        trusted : list of str, default=None
            Names of further classes and functions that may be loaded, as of
            :func:`skmm.load`.
        mmap : bool, default=False
            If True, arrays of a file of ``save`` stay in the file.

        Returns
        -------
        estimator : estimator of this class

        Raises
        ------
        TypeError
            If what is there is an estimator of another class.

        See Also
        --------
        skmm.sharing.from_pretrained : Load an estimator of any class.
        """
        from skmm.sharing import from_pretrained

        found = from_pretrained(
            name_or_path,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
            trusted=trusted,
            mmap=mmap,
        )
        if not isinstance(found, cls):
            raise TypeError(
                f"{str(name_or_path)!r} holds a {type(found).__name__}, not a "
                f"{cls.__name__}. Load it by skmm.sharing.from_pretrained."
            )
        return found

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload a model of skmm",
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        card: ModelCard | Literal["auto"] | None = "auto",
    ) -> str:
        """Write this estimator into a repository of the Hugging Face Hub.

        Parameters
        ----------
        repo_id : str
            ``"owner/name"``. The repository is made if it is not there.
        commit_message : str, default="Upload a model of skmm"
            What the commit is called.
        private : bool, default=None
            If True, a repository that is made is private.
        token : str or bool, default=None
            A token that may write; None takes the one of ``hf auth login``.
        revision : str, default=None
            The branch to write to, which is made if it is not there; None is the main
            one.
        create_pr : bool, default=False
            If True, the commit is proposed as a pull request.
        card : ModelCard, "auto" or None, default="auto"
            The model card. "auto" writes one if the repository has none.

        Returns
        -------
        url : str
            The address of the commit, or of the pull request.

        See Also
        --------
        skmm.sharing.push_to_hub : The same for other estimators as well.
        """
        from skmm.sharing import push_to_hub

        return push_to_hub(
            self,
            repo_id,
            commit_message=commit_message,
            private=private,
            token=token,
            revision=revision,
            create_pr=create_pr,
            card=card,
        )

    def _mark_as_loaded(self):
        """Remember that this estimator is from a file."""
        _FROM_FILES.add(self)

    @contextlib.contextmanager
    def _naming_damage(self, is_readable=None):
        """Say of an error that a file of inconsistent parts causes that it does.

        Parameters
        ----------
        is_readable : callable, default=None
            Asked whether ValueError and TypeError are due to the rows: it returns
            whether a row without any cell is read. None means that they never are.
        """
        try:
            yield
        except Exception as error:
            if self not in _FROM_FILES or isinstance(error, _NOT_OF_FILES):
                raise
            from skmm.persistence import ModelFileError

            # Out of memory on a GPU is a RuntimeError.
            is_full = "OutOfMemory" in type(error).__name__
            if is_full or isinstance(error, ModelFileError) or not _is_of_a_part(error):
                raise
            is_of_rows = isinstance(error, (ValueError, TypeError)) and is_readable
            if is_of_rows and is_readable():
                raise
            raise ModelFileError(
                f"This {type(self).__name__} was loaded from a file whose parts do not "
                f"fit each other: see the {type(error).__name__} above. Load the "
                "original, or fit anew. If nobody changed the file after it was saved, "
                "this is a mistake of skmm: please report it."
            ) from error

    def __getstate__(self):
        import skmm

        return {**super().__getstate__(), _STAMP: skmm.__version__}

    def __setstate__(self, state):
        import skmm

        state = dict(state)
        version = state.pop(_STAMP, "a version before 0.1")
        if version != skmm.__version__ and "_learner" in state:
            warnings.warn(
                f"This {type(self).__name__} was pickled by skmm {version} and is read "
                f"by {skmm.__version__}, which may predict otherwise. Fit it anew, or "
                "keep models in the files of skmm.save.",
                UserWarning,
                stacklevel=2,
            )
        # One of an older version lacks the parameters that came since.
        super().__setstate__({**_defaults(type(self)), **state})
