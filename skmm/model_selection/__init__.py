"""Choosing among models: a search over fusions, and whether fusion helps."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.model_selection._display import FusionComparisonDisplay
    from skmm.model_selection._fusion_report import fusion_report
    from skmm.model_selection._fusion_search import FusionSearchCV
    from skmm.model_selection._report import FusionReport
    from skmm.model_selection._task_scorer import task_scorer

_PUBLIC = {
    "FusionSearchCV": "skmm.model_selection._fusion_search",
    "fusion_report": "skmm.model_selection._fusion_report",
    "FusionReport": "skmm.model_selection._report",
    "FusionComparisonDisplay": "skmm.model_selection._display",
    "task_scorer": "skmm.model_selection._task_scorer",
}

__all__ = [
    "FusionSearchCV",
    "fusion_report",
    "FusionReport",
    "FusionComparisonDisplay",
    "task_scorer",
]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
