"""Which column is what: detection by content, and resolving ``modalities=``."""

from skmm.modalities._detection import detect_modalities
from skmm.modalities._found import ColumnModality, Modalities

__all__ = ["ColumnModality", "Modalities", "detect_modalities"]
