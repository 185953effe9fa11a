"""What keeps estimators: files that run no code, and pickles with a version."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skmm._utils.typing import PathLike

#: What a pickle has the version in.
_STAMP = "_skmm_version"


def _defaults(cls):
    """Return the parameters of an estimator's class, as they are by default."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


class SavingMixin:
    """``save``, and the version in pickles."""

    def save(self, path: PathLike, *, folder: bool = False) -> None:
        """Write this estimator into a file that runs no code when it is loaded.

        Parameters
        ----------
        path : str or path
            By custom with the ending ``.skmm``.
        folder : bool, default=False
            If True, a folder of the same parts is written.

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

        save(self, path, folder=folder)

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
