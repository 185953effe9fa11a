"""Which columns are looked at together."""

from skmm._base import BaseMultimodal
from skmm.modalities import detect_modalities
from skmm.modalities._selection import find_positions


def find_groups(estimator, frame, level, groups):
    """Return the places of each group's columns.

    Parameters
    ----------
    estimator : object
        Whose modalities are known if it is one of skmm's, or a search that found one;
        else they are detected.
    frame : DataFrame
    level : {"modality", "column"}
        What the groups are where none are given.
    groups : dict of {str: columns} or None

    Returns
    -------
    groups : dict of {label: list of int}

    Raises
    ------
    ValueError
        For a column that is not there or in several groups, a group without columns,
        or no group at all.
    """
    if groups is None:
        fitted = getattr(estimator, "best_estimator_", estimator)
        if isinstance(fitted, BaseMultimodal):
            found = [(name, columns) for name, _, columns in fitted.modalities_]
        else:
            found = [(name, list(some)) for name, _, some in detect_modalities(frame)]
        groups = dict(found)
        if level == "column":
            groups = {label: [label] for some in groups.values() for label in some}
    if not groups:
        raise ValueError("There are no groups of columns to look at: groups is empty.")
    places, owner = {}, {}
    for name, columns in groups.items():
        places[name], _ = find_positions(frame, columns, name)
        if not places[name]:
            raise ValueError(f"The group {name!r} has no columns.")
        for i in places[name]:
            if i in owner:
                raise ValueError(
                    f"Column {frame.columns[i]!r} is in the groups {owner[i]!r} and "
                    f"{name!r}; a column belongs to one group."
                )
            owner[i] = name
    return places
