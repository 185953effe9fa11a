"""The name that was meant by a misspelled one."""

import difflib


def did_you_mean(given, known):
    """Return a sentence that proposes the nearest of some names, or nothing.

    Parameters
    ----------
    given : object
        What was written instead.
    known : iterable of str, or dict of str to object
        The names; of a dict, what they stand for is proposed.

    Returns
    -------
    sentence : str
        With a space before it; empty where no name is near.

    Examples
    --------
    >>> from skmm._utils.names import did_you_mean
    >>> did_you_mean("gate", ["concat", "gated"])
    " Did you mean 'gated'?"
    """
    near = difflib.get_close_matches(str(given), known, n=1, cutoff=0.4)
    if not near:
        return ""
    meant = known[near[0]] if isinstance(known, dict) else near[0]
    return f" Did you mean {meant!r}?"
