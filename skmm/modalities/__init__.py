"""The kind of each column, how it is read, and the values of ``modalities=``."""

from skmm.modalities._detection import detect_modalities
from skmm.modalities._found import ColumnModality, Modalities
from skmm.modalities._kinds import KINDS, Kind
from skmm.modalities.readers import (
    CategoryReader,
    DateReader,
    DurationReader,
    FlagReader,
    NumberReader,
    Reader,
    TimeReader,
)

__all__ = [
    "KINDS",
    "CategoryReader",
    "ColumnModality",
    "DateReader",
    "DurationReader",
    "FlagReader",
    "Kind",
    "Modalities",
    "NumberReader",
    "Reader",
    "TimeReader",
    "detect_modalities",
]
