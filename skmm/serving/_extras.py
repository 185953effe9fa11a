"""What not every estimator has: intervals, and explanations of rows."""

from skmm import inspection

_EXPLAIN = "explain_row"
#: Variants that are read of each modality of an explained row. More take seconds, in
#: which nobody else is served.
_EVALUATIONS = 64


def has_intervals(estimator):
    """Return whether an estimator predicts intervals.

    Parameters
    ----------
    estimator : estimator
    """
    return hasattr(estimator, "predict_interval")


def predict_intervals(estimator, frame, coverage):
    """Return the lower and the upper end of each row.

    Parameters
    ----------
    estimator : estimator
    frame : DataFrame
    coverage : float
        Share of the targets that is to lie between them.

    Returns
    -------
    intervals : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
    """
    return estimator.predict_interval(frame, coverage)


def has_explanations():
    """Return whether a row can be explained."""
    return _EXPLAIN in inspection.__all__


def explain_rows(estimator, frame):
    """Return what each part of the rows brings to their predictions.

    Parameters
    ----------
    estimator : estimator
    frame : DataFrame

    Returns
    -------
    explanations : list of dict
        Of each row: what is explained, the baseline, and the values of the parts.
    """
    explain_row = getattr(inspection, _EXPLAIN)
    explained = []
    for row in range(len(frame)):
        explanation = explain_row(
            estimator, frame, row=row, max_evaluations=_EVALUATIONS
        )
        parts = explanation.to_frame().astype(object)
        parts = parts.where(parts.notna(), None)
        explained.append(
            {
                "target": explanation.target,
                "scale": explanation.scale,
                "prediction": explanation.prediction,
                "baseline": explanation.baseline,
                "parts": parts.to_dict("records"),
            }
        )
    return explained
