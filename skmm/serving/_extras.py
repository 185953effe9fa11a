"""What not every version or estimator has: intervals and explanations of rows."""


def has_explanations():
    """Return whether skmm can explain a row."""
    from skmm import inspection

    return "explain_row" in inspection.__all__


def explain_rows(estimator, frame):
    """Return an explanation of each row, as JSON has it.

    Parameters
    ----------
    estimator : estimator
    frame : DataFrame
    """
    raise NotImplementedError


def predict_intervals(estimator, frame):
    """Return the lower and the upper end of each row.

    Parameters
    ----------
    estimator : estimator
    frame : DataFrame

    Returns
    -------
    intervals : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
    """
    return estimator.predict_interval(frame)
