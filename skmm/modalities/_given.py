"""What a user says that a column is, in place of what its cells look like."""

import warnings
from collections.abc import Mapping

from skmm._utils.names import did_you_mean
from skmm.modalities._cells import decide_column
from skmm.modalities._decision import Decision
from skmm.modalities._kinds import KINDS
from skmm.modalities.readers import READERS, Reader, make_reader
from skmm.modalities.readers._base import is_numeric

#: What leaves a column out.
DROP = "drop"

_REASON = "as given by kinds="


def check_kinds(kinds):
    """Raise if ``kinds=`` is not a dict of kinds, readers and "drop".

    Parameters
    ----------
    kinds : dict of hashable to (str or Reader), or None

    Raises
    ------
    ValueError
        If there is no kind of a name; the nearest is proposed.
    TypeError
        If it is not a dict, or a value is neither a string nor a Reader.
    """
    if kinds is None:
        return
    if not isinstance(kinds, Mapping):
        raise TypeError(
            "kinds= takes a dict from a column's label to its kind, as in "
            f"{{'zip': 'category'}}; got {kinds!r}."
        )
    for label, given in kinds.items():
        if isinstance(given, Reader):
            continue
        if not isinstance(given, str):
            raise TypeError(
                f"kinds[{label!r}] is {given!r}. Name a kind ({', '.join(_known())}), "
                "or pass a reader of table columns such as NumberReader(). An encoder "
                "goes into modalities=."
            )
        if given not in _known():
            raise ValueError(
                f"kinds[{label!r}] is {given!r}, which is not a kind."
                f"{did_you_mean(given, _known())} Known kinds: {', '.join(_known())}."
            )


def check_labels(kinds, labels):
    """Raise if ``kinds=`` names a column that a table does not have.

    Parameters
    ----------
    kinds : dict of hashable to (str or Reader)
    labels : list
        The table's columns.

    Raises
    ------
    ValueError
    """
    for label in kinds:
        if label not in labels:
            known = [str(one) for one in labels]
            raise ValueError(
                f"kinds= names the column {label!r}, which X does not have."
                f"{did_you_mean(label, known)} X has: {labels[:20]}."
            )


def decide_given(series, given):
    """Return the decision that a user has taken about a column.

    Parameters
    ----------
    series : Series of shape (n_samples,)
    given : str or Reader

    Returns
    -------
    decision : Decision
    """
    if given == DROP:
        return Decision(DROP, "left out by kinds=", given=True)
    if given == "tabular":
        given = read_anyhow(series)
    if isinstance(given, Reader) or given in READERS:
        return Decision("tabular", _REASON, make_reader(given), given=True)
    return Decision(given, _REASON, given=True)


def read_anyhow(series):
    """Return what reads a column as one of a table, whatever it holds.

    Parameters
    ----------
    series : Series of shape (n_samples,)

    Returns
    -------
    reader : Reader
    """
    decision = decide_column(series, series.name, sample_size=1000)
    if decision.warning:
        warnings.warn(decision.warning, UserWarning, stacklevel=3)
    if decision.reader is not None:
        return decision.reader
    # Text, and what else the user wants read as a column of a table.
    return make_reader("number" if is_numeric(series) else "category")


def _known():
    return [*KINDS, *READERS, DROP]
