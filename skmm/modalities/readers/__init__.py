"""Readers of table columns: what a cell means, decided once for fit and predict."""

from sklearn.base import clone

from skmm._utils.names import did_you_mean
from skmm.modalities.readers._base import Reader
from skmm.modalities.readers._category import CategoryReader
from skmm.modalities.readers._flag import FlagReader
from skmm.modalities.readers._number import NumberReader
from skmm.modalities.readers._time import DateReader, DurationReader, TimeReader

__all__ = [
    "READERS",
    "CategoryReader",
    "DateReader",
    "DurationReader",
    "FlagReader",
    "NumberReader",
    "Reader",
    "TimeReader",
    "make_reader",
    "name_reader",
]

#: The readers, by the names that ``modalities=`` takes for them.
READERS = {
    "number": NumberReader,
    "date": DateReader,
    "time": TimeReader,
    "duration": DurationReader,
    "flag": FlagReader,
    "category": CategoryReader,
}


def make_reader(reader):
    """Make a new reader from a name or a reader.

    Parameters
    ----------
    reader : str or Reader

    Returns
    -------
    reader : Reader

    Raises
    ------
    ValueError
        If there is none of that name.
    TypeError
        If it is neither.
    """
    if isinstance(reader, str):
        if reader not in READERS:
            raise ValueError(
                f"There is no reader named {reader!r}.{did_you_mean(reader, READERS)} "
                f"Known readers: {', '.join(READERS)}."
            )
        return READERS[reader]()
    if not isinstance(reader, Reader):
        raise TypeError(
            f"{reader!r} stands in the place of a column's reader. Name one "
            f"({', '.join(READERS)}), or pass an object such as NumberReader()."
        )
    return clone(reader)


def name_reader(reader):
    """Return a reader as short as it can be written: by its name, if that says all."""
    return reader.kind if reader == READERS.get(reader.kind, type(reader))() else reader
