"""Bars that show how far the reading of a column is."""

from skmm.io._defaults import get_defaults
from skmm.io._interrupts import without_destructor

#: Seconds after which a progress bar is worth its lines.
_LONG = 5


def progress_bar(total, description, progress="auto"):
    """Make a bar with count, rate and the time that is left, on stderr.

    Parameters
    ----------
    total : int
        Cells.
    description : str
    progress : bool or "auto", default="auto"
        "auto" is what the estimator that reads says; where it says nothing, a bar is
        shown on a terminal, when it takes longer than five seconds.

    Returns
    -------
    bar : tqdm.tqdm
    """
    from tqdm import tqdm

    if progress == "auto":
        progress = get_defaults().progress
    options = {
        "auto": {"disable": None, "delay": _LONG},
        True: {"disable": False},
        False: {"disable": True},
    }
    if progress not in options:
        raise ValueError(f"progress must be True, False or 'auto', got {progress!r}.")
    bar = without_destructor(tqdm)
    return bar(total=total, desc=description, unit=" cells", **options[progress])
