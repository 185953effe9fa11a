"""How much noise a budget takes, and what steps spend: by Opacus."""

import contextlib
import functools
import warnings

from skmm._utils.optional import optional_import

#: Opacus searches the noise until epsilon is as near to the budget as this, or nearer.
_TOLERANCE = 0.01


@functools.lru_cache(maxsize=128)
def find_noise_multiplier(epsilon, delta, sample_rate, n_steps, accountant):
    """Return the least noise by which some steps keep within a budget.

    Parameters
    ----------
    epsilon, delta : float
    sample_rate : float
    n_steps : int
    accountant : {"prv", "rdp"}

    Raises
    ------
    ImportError
        If Opacus is not installed.
    ValueError
        If no noise is enough.
    """
    utils = optional_import("opacus.accountants.utils", "privacy")
    try:
        with _quiet():
            return utils.get_noise_multiplier(
                target_epsilon=epsilon,
                target_delta=delta,
                sample_rate=sample_rate,
                steps=n_steps,
                accountant=accountant,
                epsilon_tolerance=min(_TOLERANCE, epsilon / 100),
            )
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"PrivacySpec(epsilon={epsilon:g}, delta={delta:g}): no noise keeps "
            f"{n_steps} steps of batches with {sample_rate:.2g} of the rows within "
            f"this budget, by the accountant {accountant!r} ({error}). Raise epsilon, "
            "lower max_epochs, or take the other accountant."
        ) from error


@functools.lru_cache(maxsize=1024)
def spent_epsilon(delta, noise_multiplier, sample_rate, n_steps, accountant):
    """Return the epsilon that some steps have spent, as Opacus computes it.

    Parameters
    ----------
    delta : float
    noise_multiplier : float
    sample_rate : float
    n_steps : int
    accountant : {"prv", "rdp"}
    """
    if not n_steps:
        return 0.0
    accountants = optional_import("opacus.accountants", "privacy")
    made = accountants.create_accountant(accountant)
    made.history = [(noise_multiplier, sample_rate, n_steps)]
    with _quiet():
        return float(made.get_epsilon(delta))


@contextlib.contextmanager
def _quiet():
    """Keep to itself what Opacus warns of: logarithms of 0 that it does not use, and
    orders of Rényi's divergence with which the bound would be tighter, not wrong.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
