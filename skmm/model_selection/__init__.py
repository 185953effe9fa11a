"""Choosing among models: a search over fusions."""

from skmm.model_selection._fusion_search import FusionSearchCV

__all__ = ["FusionSearchCV"]
