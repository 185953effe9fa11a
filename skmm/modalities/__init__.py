"""Which column is what: detection by content, and resolving ``modalities=``."""

from skmm.modalities._detection import detect_modalities
from skmm.modalities._found import ColumnModality, Modalities
from skmm.modalities._kinds import KINDS, Kind

__all__ = ["KINDS", "ColumnModality", "Kind", "Modalities", "detect_modalities"]
