"""Which column is what: detection by content, and resolving ``modalities=``."""

from skmm.modalities._detection import ColumnModality, Modalities, detect_modalities

__all__ = ["ColumnModality", "Modalities", "detect_modalities"]
