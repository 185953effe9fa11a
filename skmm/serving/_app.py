"""A fitted estimator as a web application."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

from skmm._utils.compat import Interval
from skmm._utils.optional import optional_import
from skmm._utils.validation import check_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from fastapi import FastAPI
    from sklearn.base import BaseEstimator

_COUNT = Interval(numbers.Integral, 1, None, closed="left")
_SECONDS = Interval(numbers.Real, 0, None, closed="neither")


def make_app(
    estimator: BaseEstimator,
    *,
    max_rows: int = 1000,
    max_bytes: int = 32 * 2**20,
    max_uploads: int = 64,
    max_pixels: int = 200_000_000,
    max_explained: int = 1,
    max_waiting: int = 256,
    timeout: float = 30.0,
    example: Mapping[Any, Any] | pd.Series | pd.DataFrame | None = None,
    title: str | None = None,
) -> FastAPI:
    """Make a web application that predicts with a fitted estimator.

    Its addresses are:

    - ``POST /predict``: rows as JSON, ``{"rows": [{"column": value, ...}, ...]}``. A
      picture, sound or video is base64;
    - ``POST /predict/files``: a form with the rows as JSON or CSV in its field
      ``rows``, and uploaded files, which the rows name by their fields;
    - ``GET /schema``: columns, kinds, examples, classes and limits;
    - ``GET /openapi.json``: the same for programs;
    - ``GET /health``: whether the server runs;
    - ``GET /``: a page that predicts one row.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted :class:`~skmm.MultimodalClassifier` or
        :class:`~skmm.MultimodalRegressor`, a fitted search over one, or a fitted
        Pipeline that ends in one.
    max_rows : int, default=1000
        Largest number of rows of a request.
    max_bytes : int, default=32 * 2**20
        Largest size of a request with all its files, in bytes.
    max_uploads : int, default=64
        Largest number of files of a request.
    max_pixels : int, default=200_000_000
        Largest number of pixels of all pictures of a request, as their files tell it
        before they are decoded. A single picture has the limits of
        :class:`skmm.io.ImageReader` as well.
    max_explained : int, default=1
        Largest number of rows of a request that asks for explanations.
    max_waiting : int, default=256
        Largest number of requests that wait for the model. Further ones are answered
        with status 429. Requests for explanations wait until no others do, 8 at most.
    timeout : float, default=30.0
        Number of seconds that a request may take to arrive (status 408), and that it
        may take to be predicted (status 503).
    example : dict, Series, DataFrame or None, default=None
        A row whose values are shown as examples in the schema and on the page, by
        label of column; the first row of a DataFrame. None takes medians and first
        categories of the training rows where the estimator keeps them.
    title : str or None, default=None
        Title of the page. None takes the class of the estimator.

    Returns
    -------
    app : fastapi.FastAPI
        The application, for any server that takes ASGI applications.

    Raises
    ------
    TypeError
        If it is not an estimator of skmm.
    NotFittedError
        If the estimator is not fitted.
    ImportError
        If FastAPI is not installed.

    See Also
    --------
    serve : Run such an application.

    Notes
    -----
    No path and no address in a request is opened, whatever the estimator's ``root``:
    files are uploaded or base64. A transformer of your own in the estimator that opens
    files by itself is not covered by this.

    A row has to name each column that the estimator reads; null stands for a missing
    value. Unknown columns, missing columns and values of a wrong type are answered
    with status 422, and a text that names column and row.

    Requests that wait at the same time are predicted at once, in one thread. The
    prediction of a row does not depend on the rows that it is predicted with.

    Examples
    --------
    >>> from fastapi.testclient import TestClient
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.serving import make_app
    >>> X, y = make_multimodal_classification(n_samples=60, random_state=0)
    >>> model = MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y)
    >>> client = TestClient(make_app(model))
    >>> rows = X.head(2).to_dict("records")
    >>> answer = client.post("/predict", json={"rows": rows})
    >>> len(answer.json()["predictions"])
    2
    """
    optional_import("fastapi", "serve")
    optional_import("python_multipart", "serve")
    for name, value, allowed in [
        ("max_rows", max_rows, _COUNT),
        ("max_bytes", max_bytes, _COUNT),
        ("max_uploads", max_uploads, _COUNT),
        ("max_pixels", max_pixels, _COUNT),
        ("max_explained", max_explained, _COUNT),
        ("max_waiting", max_waiting, _COUNT),
        ("timeout", timeout, _SECONDS),
    ]:
        check_value(value, [allowed], name, "make_app")
    from skmm.serving._body import Limits
    from skmm.serving._model import ServedModel
    from skmm.serving._routes import make_routes
    from skmm.serving._schema import examples_of

    model = ServedModel(estimator)
    limits = Limits(
        max_rows, max_bytes, max_uploads, max_pixels, max_explained, timeout
    )
    examples = examples_of(model.columns, example)
    return make_routes(
        model, limits, examples, max_waiting, title or type(estimator).__name__
    )
