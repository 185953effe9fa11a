"""From what ``modalities=`` may be to the columns of each modality."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from skmm._utils.compat import InvalidParameterError
from skmm._utils.names import did_you_mean
from skmm._utils.step_cache import Steps
from skmm.modalities._detection import decide_modalities
from skmm.modalities._given import DROP, check_kinds, read_anyhow
from skmm.modalities._selection import drop_all_missing, find_positions
from skmm.modalities.readers import make_reader

_STEPS = Steps()


class Selection(NamedTuple):
    """A modality, and where its columns are.

    Attributes
    ----------
    name : str
    encoder : object
        What stands in the middle of its triple.
    positions : list of int
    is_scalar : bool
        True where one label was given, not a list.
    readers : dict of hashable to (str or Reader), or None
        What reads each column, by label, where the triple says so.
    """

    name: str
    encoder: Any
    positions: list
    is_scalar: bool
    readers: dict | None


def read_modalities(modalities, *, check, reserved=(), what="encoder"):
    """Read a list of modalities, as far as no frame is needed for it.

    Parameters
    ----------
    modalities : list of (name, encoder, columns)
        Tuples or lists. "drop" in an encoder's place leaves the modality out; its
        columns are not looked for. A dict of columns has the reader of each.
    check : callable
        Called with what stands in each encoder's place; raises for what cannot.
    reserved : collection of str, default=()
        Names that a modality must not have: the estimator's parameters.
    what : str, default="encoder"
        What stands in the middle, for errors.

    Returns
    -------
    modalities : list of (name, encoder, columns)

    Raises
    ------
    ValueError
        For what is no such list, names that cannot be or repeat, and what `check`
        raises one for.
    TypeError
        What `check` raises one for.
    """
    if not len(modalities):
        raise ValueError(
            f"modalities={modalities!r} has no modality. Write 'auto', or a triple "
            f"(name, {what}, columns) for each."
        )
    for modality in modalities:
        if not (isinstance(modality, (tuple, list)) and len(modality) == 3):
            raise ValueError(
                f"modalities= takes 'auto' or a list of (name, {what}, columns); got "
                f"{modality!r} in the list."
            )
    names = [name for name, _, _ in modalities]
    for name in names:
        _check_name(name, reserved)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"Names of modalities must be unique; {repeated} occur more than once. "
            "Rename one of them."
        )
    for name, encoder, columns in modalities:
        if is_dropped(encoder):
            continue
        try:
            check(encoder)
            for reader in _readers_of(columns).values():
                make_reader(reader)
        except (ValueError, TypeError) as error:
            kinds = (InvalidParameterError, ValueError, TypeError)
            kind = next(kind for kind in kinds if isinstance(error, kind))
            raise kind(f"Modality {name!r}: {error}") from error
    return [tuple(modality) for modality in modalities]


def check_given(modalities, kinds):
    """Check ``kinds=`` beside ``modalities=``, as far as no frame is needed for it.

    Parameters
    ----------
    modalities : "auto" or list of (name, encoder, columns)
    kinds : dict of hashable to (str or Reader), or None

    Raises
    ------
    ValueError
        For kinds that there are not, and kinds beside a list of modalities.
    TypeError
        For what is not such a dict.
    """
    check_kinds(kinds)
    if kinds and not isinstance(modalities, str):
        raise ValueError(
            f"kinds={kinds!r} says what columns are where modalities='auto' detects "
            "them; a list of modalities says it by itself. Leave one of them out."
        )


def find_modalities(modalities, X, *, kinds=None, steps=_STEPS, **options):
    """Return the modalities that a user wrote, or those that are in a frame.

    Parameters
    ----------
    modalities : "auto" or list of (name, encoder, columns)
    X : DataFrame
    kinds : dict of hashable to (str or Reader), default=None
        What the user says of columns, where the others are detected.
    steps : Steps, optional
        What calls the detection, which fits on the same rows have in common.
    **options : dict of str to object
        Of :func:`read_modalities`.

    Returns
    -------
    modalities : list of (name, encoder, columns)
    ignored : list
        Labels of the columns that hold nothing, where they were detected.
    """
    if not isinstance(modalities, str):
        return read_modalities(modalities, **options), []
    detected = steps(decide_modalities, X, kinds=kinds)
    return detected.to_list(), detected.ignored


def find_columns(
    modalities, frame, training, ignored=(), *, steps=_STEPS, keeps_empty=False
):
    """Find the columns of each modality.

    Parameters
    ----------
    modalities : list of (name, encoder, columns)
    frame : DataFrame
        All rows.
    training : DataFrame
        The rows that are learned from; a column that is missing in all of them is
        left out, with a warning.
    ignored : list, default=()
        Labels of further columns to warn of.
    steps : Steps, optional
        What calls the search for missing columns, which fits on the same rows have in
        common.
    keeps_empty : bool, default=False
        If True, no column is left out.

    Returns
    -------
    modalities : list of Selection
        Those that are not dropped and have a column.

    Raises
    ------
    ValueError
        For columns that are not there, or if nothing is left.
    """
    # All labels before the first cell, which may be a picture.
    found = [
        Selection(
            name,
            encoder,
            *find_positions(frame, columns, name),
            _readers_by_label(frame, columns, name),
        )
        for name, encoder, columns in modalities
        if not is_dropped(encoder)
    ]
    if keeps_empty:
        return found
    kept, empty = [], list(ignored)
    for selection in found:
        positions, missing = steps(
            drop_all_missing, training, positions=selection.positions
        )
        empty += [label for label in missing if label not in empty]
        if positions:
            kept.append(selection._replace(positions=positions))
    if not kept:
        raise ValueError(
            f"No modality is left: all {frame.shape[1]} columns are missing in all "
            f"{len(frame)} rows, or dropped. Pass at least one column with values."
        )
    if empty:
        warnings.warn(
            f"Columns {empty} are missing in all {len(training)} rows of the training "
            "data and are ignored. Drop them to silence this warning.",
            UserWarning,
            stacklevel=2,
        )
    return kept


def _readers_of(columns):
    """Return the readers that a triple's columns have, by what names the column."""
    if not isinstance(columns, Mapping):
        return {}
    return {column: reader for column, reader in columns.items() if reader is not None}


def _readers_by_label(frame, columns, name):
    readers = _readers_of(columns)
    if not readers:
        return None
    positions, _ = find_positions(frame, list(readers), name)
    labels = frame.columns[positions].tolist()
    return dict(zip(labels, readers.values(), strict=True))


def choose_reader(column, readers):
    """Return a new reader for a column: the one that is named, or what it holds.

    Parameters
    ----------
    column : Series of shape (n_samples,)
        The training rows.
    readers : dict of {label: str or Reader} or None

    Returns
    -------
    reader : Reader
    """
    chosen = (readers or {}).get(column.name)
    return read_anyhow(column) if chosen is None else make_reader(chosen)


def check_names(names, known, option):
    """Raise if an option names a modality that there is not.

    Parameters
    ----------
    names : iterable of str
    known : list of str
        The modalities.
    option : str
        The parameter.
    """
    for name in names:
        if name not in known:
            raise ValueError(
                f"{option} names {name!r}, which is not a modality."
                f"{did_you_mean(name, known)} There are: "
                f"{', '.join(map(repr, known))}."
            )


def is_dropped(encoder):
    """Return True if a modality is to be left out."""
    return isinstance(encoder, str) and encoder == DROP


def _check_name(name, reserved):
    if not isinstance(name, str) or not name or "__" in name or name in reserved:
        raise ValueError(
            f"A modality cannot be named {name!r}: names are strings without a double "
            "underscore that are no parameters of the estimator. Rename it."
        )
