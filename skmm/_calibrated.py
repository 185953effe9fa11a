"""What intervals and sets are calibrated on."""

import numpy as np
from sklearn.utils.validation import check_consistent_length


class CalibrationMixin:
    """The validation rows' predictions, which a fit keeps, or those of other rows."""

    #: None also for a model of a version that kept none.
    _calibration = None

    def _remember_validation(self, logits, rows_train, rows_valid, folds):
        """Keep what is predicted for the validation rows, for intervals and sets."""
        from skmm._training.conformal import mix_apart

        self._calibration = None
        rows, kept = rows_valid, slice(None)
        if folds is not None:
            rows, kept = rows_train, folds >= 0
        # Those that had the time, or alone score best.
        heads = list(self._learner.mixture.heads)
        # Nothing is calibrated of labels, of which there may be thousands.
        is_asked = self._targets.kind != "multilabel" and self._targets.tasks is None
        if rows is None or not is_asked or not logits.keys() >= set(heads):
            return
        codes, y = rows.codes.cpu().numpy()[kept], rows.y[kept]
        weight = rows.weight.cpu().numpy()[kept]
        mixed = mix_apart(heads, logits, codes, weight, self._targets)
        # A class's weight says how much its rows teach, not how many there are.
        of_class = self._class_weights(y)
        weight = weight / np.where(of_class > 0, of_class, 1)
        self._calibration = {
            "outputs": mixed,
            "truth": self._targets.truth(y),
            "weight": weight,
        }

    def _read_calibration(self, calibration):
        """Return outputs, truth and weight of the rows that calibrate."""
        if calibration is not None:
            if not isinstance(calibration, tuple) or len(calibration) != 2:
                raise ValueError(
                    "calibration= is a pair (X, y) of rows that the model was not "
                    f"fitted on, and their targets; got {type(calibration).__name__}."
                )
            X, y = calibration
            y = self._check_y(y)
            check_consistent_length(X, y)
            return self._predict_logits(X), self._targets.truth(y), np.ones(len(y))
        if self._calibration is None:
            raise ValueError(
                "There are no rows to calibrate on: the model was fitted without "
                "validation rows, or by partial_fit. Pass rows that it was not fitted "
                "on, calibration=(X, y), or fit with validation='auto' or "
                "validation=5."
            )
        return tuple(self._calibration.values())
