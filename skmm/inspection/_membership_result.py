"""The result of an audit of membership."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


@dataclass(frozen=True)
class MembershipAudit:
    r"""What :func:`membership_audit` found.

    Attributes
    ----------
    epsilon : float
        Lower bound of :math:`\varepsilon`: with probability `confidence`, the training
        is not :math:`(\varepsilon', \delta)`-differentially private for any smaller
        :math:`\varepsilon'`. It is 0 if the guesses are no better than chance, and
        proves nothing then.
    delta : float
    confidence : float
    n_canaries : int
        Number of rows that were put in or left out.
    n_guesses : int
        Number of guesses.
    n_correct : int
        Number of guesses that were right; half of them by chance.
    roc_auc : float
        Area under the ROC curve of the scores: 0.5 by chance, 1 if the scores tell all
        members. NaN if all canaries were in, or none.
    claimed_epsilon : float or None
        What the estimator's ``privacy_`` claims. None if it claims nothing.
    scores : ndarray of shape (n_canaries,)
        How well each canary is predicted.
    is_member : ndarray of bool of shape (n_canaries,)
        Which canaries the estimator was fitted on.
    guesses : ndarray of int of shape (n_canaries,)
        1 for "in", -1 for "out" and 0 for no guess.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from skmm.inspection import membership_audit
    >>> X, y = np.zeros((300, 1)), np.arange(300) % 2
    >>> audit = membership_audit(DummyClassifier(), X, y, random_state=0)
    >>> audit.epsilon
    0.0
    """

    epsilon: float
    delta: float
    confidence: float
    n_canaries: int
    n_guesses: int
    n_correct: int
    roc_auc: float
    claimed_epsilon: float | None
    scores: npt.NDArray[Any] = field(repr=False)
    is_member: npt.NDArray[Any] = field(repr=False)
    guesses: npt.NDArray[Any] = field(repr=False)

    @property
    def contradicts_claim(self) -> bool:
        """True if `epsilon` is above `claimed_epsilon`: the promise is broken."""
        claimed = self.claimed_epsilon
        return claimed is not None and self.epsilon > claimed

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row for each canary.

        Returns
        -------
        frame : DataFrame
            With the columns "score", "is_member" and "guess".
        """
        import pandas as pd

        columns = {"score": self.scores, "is_member": self.is_member}
        return pd.DataFrame({**columns, "guess": self.guesses})

    def __str__(self) -> str:
        told = (
            f"{self.n_correct} of {self.n_guesses} guesses right, ROC AUC "
            f"{self.roc_auc:.2f}: epsilon >= {self.epsilon:.2f} at delta "
            f"{self.delta:g}, with confidence {self.confidence:g}"
        )
        if self.claimed_epsilon is None:
            return told
        verdict = "contradicts" if self.contradicts_claim else "does not contradict"
        return f"{told}; {verdict} the claimed {self.claimed_epsilon:.2f}"
