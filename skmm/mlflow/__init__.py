"""An MLflow flavor: models of skmm are logged and loaded without a pickle."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.mlflow._flavor import load_model, log_model, save_model

_PUBLIC = {
    "log_model": "skmm.mlflow._flavor",
    "save_model": "skmm.mlflow._flavor",
    "load_model": "skmm.mlflow._flavor",
}

__all__ = ["log_model", "save_model", "load_model"]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
