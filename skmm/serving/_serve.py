"""Running the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skmm._utils.optional import optional_import
from skmm.serving._app import make_app

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def serve(
    estimator: BaseEstimator,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    log_level: str = "info",
    **options: Any,
) -> None:
    """Predict with a fitted estimator over HTTP, until the process is interrupted.

    Parameters
    ----------
    estimator : estimator or Pipeline
        The fitted estimator, as in :func:`make_app`.
    host : str, default="127.0.0.1"
        Address to listen at. "127.0.0.1" is reached from the same machine only;
        "0.0.0.0" is reached from everywhere. There is no login and no encryption: put
        a proxy that has them before a server that others reach.
    port : int, default=8000
        Port to listen at; 0 takes a free one, which the log tells.
    log_level : str, default="info"
        Level of the log of uvicorn.
    **options : dict
        Options of :func:`make_app`.

    Raises
    ------
    TypeError
        If it is not an estimator of skmm, or for an unknown option.
    NotFittedError
        If the estimator is not fitted.
    ImportError
        If FastAPI or uvicorn is not installed.

    See Also
    --------
    make_app : The application, to be run by a server of your own.

    Examples
    --------
    >>> from skmm.serving import serve
    >>> serve(model, port=8000)  # doctest: +SKIP
    """
    uvicorn = optional_import("uvicorn", "serve")
    app = make_app(estimator, **options)
    uvicorn.run(
        app, host=host, port=port, log_level=log_level, server_header=False, ws="none"
    )
