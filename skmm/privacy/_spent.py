"""What a private training has spent."""

from __future__ import annotations

from typing import NamedTuple


class SpentPrivacy(NamedTuple):
    """What a private fit has spent: ``privacy_`` of an estimator.

    An accountant of Opacus with these numbers gives the same `epsilon`.

    Attributes
    ----------
    epsilon : float
        The privacy loss of all steps, at `delta`. It is below that of the
        :class:`PrivacySpec` where the training ended early.
    delta : float
    noise_multiplier : float
        Standard deviation of the noise, divided by `max_grad_norm`.
    sample_rate : float
        Probability of a row to be in a batch.
    n_steps : int
        Number of steps.
    max_grad_norm : float
    accountant : str
        "prv" or "rdp".
    is_repeatable : bool
        If True, the noise had a seed and can be subtracted: nothing is private.

    Examples
    --------
    >>> from skmm.privacy import SpentPrivacy
    >>> spent = SpentPrivacy(3.0, 1e-5, 1.9, 0.05, 600, 1.0, "prv")
    >>> spent.epsilon
    3.0
    """

    epsilon: float
    delta: float
    noise_multiplier: float
    sample_rate: float
    n_steps: int
    max_grad_norm: float
    accountant: str
    is_repeatable: bool = False
