"""Learning from rows with and without a label, and asking for the next labels."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.semi_supervised._co_training import CoTrainingClassifier
    from skmm.semi_supervised._modality_disagreement import ModalityDisagreement
    from skmm.semi_supervised._row_number_classifier import RowNumberClassifier
    from skmm.semi_supervised._self_training import SelfTrainingClassifier
    from skmm.semi_supervised._self_training_regressor import SelfTrainingRegressor

_PUBLIC = {
    "CoTrainingClassifier": "skmm.semi_supervised._co_training",
    "ModalityDisagreement": "skmm.semi_supervised._modality_disagreement",
    "RowNumberClassifier": "skmm.semi_supervised._row_number_classifier",
    "SelfTrainingClassifier": "skmm.semi_supervised._self_training",
    "SelfTrainingRegressor": "skmm.semi_supervised._self_training_regressor",
}

__all__ = [
    "CoTrainingClassifier",
    "ModalityDisagreement",
    "RowNumberClassifier",
    "SelfTrainingClassifier",
    "SelfTrainingRegressor",
]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
