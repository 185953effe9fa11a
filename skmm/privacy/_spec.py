"""What a user asks of a private training, and declares for it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._utils.compat import Interval, StrOptions
from skmm._utils.validation import Part, SequenceOf

if TYPE_CHECKING:
    from collections.abc import Sequence


class PrivacySpec(Part):
    r"""Differential privacy of the training rows, for ``privacy=`` of an estimator.

    The training is DP-SGD [1]_: in each step every row is in the batch with the same
    small probability, the gradient of each row is scaled down to a norm of at most
    `max_grad_norm`, and Gaussian noise is added to their sum. What is published, the
    weights after all epochs, is then :math:`(\varepsilon, \delta)`-differentially
    private with respect to adding or removing one row. How much noise that takes is
    computed by Opacus [2]_.

    What the training would otherwise take from the rows before it begins, the classes
    and the range of the target, is declared here; the ranges and categories of columns
    are declared in the encoders that read them, such as
    :class:`~skmm.encoders.DeclaredTableEncoder`.

    Parameters
    ----------
    epsilon : float
        The privacy budget :math:`\varepsilon`, above 0, which all epochs of a fit spend
        together. Smaller is more private; values from 1 to 10 are common.
    delta : float
        Probability :math:`\delta` with which the promise may fail. It must be below one
        divided by the number of rows.
    max_grad_norm : float, default=1.0
        Largest norm of a row's gradient.
    classes : sequence, default=None
        All classes that the target may have. A classifier needs them.
    target_range : (float, float), default=None
        Smallest and largest value of the target; values outside are read as these. A
        regressor needs them.
    accountant : {"prv", "rdp"}, default="prv"
        How Opacus adds up what the steps spend. "prv" needs less noise [3]_, and "rdp"
        computes faster.
    secure_mode : bool, default=False
        If True, batches and noise are drawn from the operating system's source of
        cryptographic random numbers, and each number of the noise is a sum of four,
        which makes attacks by the rounding of floating-point numbers [4]_ harder. If
        False, a generator of PyTorch draws them, with a seed from the operating system.
    noise_seed : int, default=None
        Seed of batches and noise, for tests alone: whoever knows it can subtract the
        noise, so that nothing is private. None draws a fresh seed that is not kept.

    See Also
    --------
    skmm.inspection.membership_audit : Attack a model, and bound epsilon from below.

    Notes
    -----
    The estimator's `random_state` sets the first weights only. Batches and noise do not
    follow it, so two private fits differ.

    References
    ----------
    .. [1] Abadi, Chu, Goodfellow, McMahan, Mironov, Talwar, Zhang: Deep Learning with
       Differential Privacy, CCS 2016.
    .. [2] Yousefpour et al.: Opacus: User-Friendly Differential Privacy Library in
       PyTorch, 2021.
    .. [3] Gopi, Lee, Wutschitz: Numerical Composition of Differential Privacy, NeurIPS
       2021.
    .. [4] Holohan, Braghin: Secure Random Sampling in Differential Privacy, ESORICS
       2021.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmm import MultimodalClassifier
    >>> from skmm.encoders import DeclaredTableEncoder
    >>> from skmm.privacy import PrivacySpec
    >>> age = np.random.default_rng(0).integers(18, 90, 400)
    >>> X, y = pd.DataFrame({"age": age}), np.where(age > 50, "old", "young")
    >>> model = MultimodalClassifier(
    ...     [("facts", DeclaredTableEncoder(ranges={"age": (18, 90)}), ["age"])],
    ...     privacy=PrivacySpec(3, 1e-4, classes=["old", "young"], accountant="rdp"),
    ...     max_epochs=5,
    ... )
    >>> spent = model.fit(X, y).privacy_
    >>> 2.9 < spent.epsilon <= 3
    True
    """

    _parameter_constraints: dict[str, Any] = {
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "delta": [Interval(Real, 0, 1, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither")],
        "classes": [list, tuple, np.ndarray, None],
        "target_range": [SequenceOf(Real, length=2), None],
        "accountant": [StrOptions({"prv", "rdp"})],
        "secure_mode": ["boolean"],
        "noise_seed": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        epsilon: float,
        delta: float,
        max_grad_norm: float = 1.0,
        *,
        classes: Sequence[Any] | None = None,
        target_range: tuple[float, float] | None = None,
        accountant: Literal["prv", "rdp"] = "prv",
        secure_mode: bool = False,
        noise_seed: int | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.max_grad_norm = max_grad_norm
        self.classes = classes
        self.target_range = target_range
        self.accountant = accountant
        self.secure_mode = secure_mode
        self.noise_seed = noise_seed

    def _check_combinations(self):
        if self.secure_mode and self.noise_seed is not None:
            raise ValueError(
                f"PrivacySpec(secure_mode=True, noise_seed={self.noise_seed}): numbers "
                "from the operating system's secure source have no seed. Leave out one "
                "of them."
            )
        if self.classes is not None and len(set(self.classes)) < 2:
            raise ValueError(
                f"PrivacySpec(classes={list(self.classes)}) declares fewer than two "
                "classes. Name all that the target may have."
            )
        limits = self.target_range
        if limits is not None and not -np.inf < limits[0] < limits[1] < np.inf:
            raise ValueError(
                f"PrivacySpec(target_range={limits!r}) is not a smaller and a larger "
                "finite number."
            )
