"""The addresses of the application, and how it refuses requests."""

import asyncio
import contextlib
import logging

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response

import skmm
from skmm.serving._batching import Batcher, BusyError
from skmm.serving._body import (
    FIELDS,
    RequestError,
    parse_form,
    parse_json,
    read_body,
)
from skmm.serving._cells import RowsError
from skmm.serving._json import ASCIIResponse
from skmm.serving._model import Asked
from skmm.serving._page import make_page
from skmm.serving._rows import RowReader
from skmm.serving._schema import (
    describe_model,
    form_schema,
    predictions_schema,
    rows_schema,
)

logger = logging.getLogger("skmm.serving")

#: Rows that are predicted at once, of however many requests.
_BATCH_ROWS = 1024
#: Bytes of a request above which it is parsed beside the loop that serves the others.
_LARGE = 1 << 15
#: Share of the targets that an interval is to hold where a request does not say.
_COVERAGE = 0.9
#: What a model raises for rows that it cannot read.
_FAULTS_OF_ROWS = (ValueError, TypeError, OverflowError)
_REFUSALS = {
    400: "The body is broken.",
    408: "The request did not arrive in time.",
    413: "The request is too large.",
    415: "The content type is another.",
    422: "Rows that cannot be read; the text names column and row.",
    429: "Too many requests wait.",
    503: "The prediction took too long.",
}


def make_routes(model, limits, examples, max_waiting, title):
    """Return the application.

    Parameters
    ----------
    model : ServedModel
    limits : Limits
    examples : dict of str to object
    max_waiting : int
    title : str

    Returns
    -------
    app : FastAPI
    """
    batcher = Batcher(model.predict, _BATCH_ROWS, max_waiting)
    rows = RowReader(model.columns, limits)
    described = describe_model(model, limits, examples)
    page, policy = make_page(title)

    async def answer(body, parse, *args):
        """Parse a request, predict its rows, and answer."""
        if len(body) > _LARGE:
            frame, asked, can_share = await run_in_threadpool(read, parse, *args)
        else:
            frame, asked, can_share = read(parse, *args)
        try:
            future = batcher.submit(frame, asked, can_share, later=asked.explain)
        except BusyError as error:
            raise RequestError(
                429, "Too many requests wait. Try again.", {"Retry-After": "1"}
            ) from error
        try:
            result = await asyncio.wait_for(asyncio.wrap_future(future), limits.timeout)
        except TimeoutError as error:
            raise RequestError(
                503,
                f"The prediction took longer than {limits.timeout:g} seconds. Send "
                "fewer rows, or try again.",
                {"Retry-After": "1"},
            ) from error
        except _FAULTS_OF_ROWS as error:
            raise RequestError(422, str(error)) from error
        return ASCIIResponse({"predictions": result})

    def read(parse, *args):
        """Return the rows of a request, and what is asked of them."""
        values, uploads = parse(*args)
        asked = _read_options(values, model)
        try:
            frame, can_share = rows.read(values["rows"], uploads)
        except (RowsError, *_FAULTS_OF_ROWS) as error:
            raise RequestError(422, str(error)) from error
        if asked.explain and len(frame) > limits.max_explained:
            raise RequestError(
                422,
                f"Explanations of {len(frame)} rows are asked for, and a request may "
                f"ask for {limits.max_explained}.",
            )
        return frame, asked, can_share

    async def predict(request: Request) -> Response:
        body = await read_body(request, limits, "application/json")
        return await answer(body, parse_json, body)

    async def predict_files(request: Request) -> Response:
        body = await read_body(request, limits, "multipart/form-data")
        kind = request.headers["content-type"]
        return await answer(body, parse_form, body, kind, limits)

    async def schema() -> Response:
        return ASCIIResponse(described)

    async def health() -> Response:
        return ASCIIResponse(
            {
                "status": "ok",
                "estimator": type(model.estimator).__name__,
                "version": skmm.__version__,
                "waiting": batcher.n_waiting,
            }
        )

    async def show_page() -> Response:
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        return HTMLResponse(page, headers=headers)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield
        await run_in_threadpool(batcher.close)

    # The pages of FastAPI that show the schema load scripts from elsewhere.
    app = FastAPI(
        title=title,
        version=skmm.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        default_response_class=ASCIIResponse,
    )
    app.state.batcher = batcher
    answers = _responses(predictions_schema(model))
    for path, endpoint in [("/predict", predict), ("/predict/files", predict_files)]:
        app.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            summary="Predict rows",
            responses=answers,
        )
    app.add_api_route("/schema", schema, summary="What the model takes and gives")
    app.add_api_route("/health", health, summary="Whether the server runs")
    app.add_api_route("/", show_page, include_in_schema=False)
    app.add_exception_handler(RequestError, _refuse)
    app.add_exception_handler(ClientDisconnect, _forget)
    app.add_exception_handler(Exception, _fail)
    app.add_middleware(_Headers)
    # FastAPI would leave out what is null in an example.
    paths = app.openapi()["paths"]
    for path, kind, asked in [
        ("/predict", "application/json", rows_schema(model, limits, examples)),
        ("/predict/files", "multipart/form-data", form_schema(model)),
    ]:
        content = {kind: {"schema": asked}}
        paths[path]["post"]["requestBody"] = {"required": True, "content": content}
    return app


def _read_options(values, model):
    """Return what is asked besides predictions, if the model has it."""
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise RequestError(
            422,
            f"The request has {unknown[0][:60]!r}, which is not known. It may have "
            f"{', '.join(FIELDS)}.",
        )
    interval, explain = values.get("interval", False), values.get("explain", False)
    if not isinstance(explain, bool):
        raise RequestError(422, "'explain' has to be true or false.")
    if explain and not model.has_explanations:
        raise RequestError(
            422, "Explanations are asked for, and this estimator has none."
        )
    if interval is False:
        return Asked(None, explain)
    if interval is True:
        interval = _COVERAGE
    if not isinstance(interval, (int, float)) or not 0 < interval < 1:
        raise RequestError(
            422, "'interval' has to be true, false, or a coverage between 0 and 1."
        )
    if not model.has_intervals:
        raise RequestError(
            422, "Intervals are asked for, and this estimator has no predict_interval."
        )
    return Asked(float(interval), explain)


def _responses(schema):
    """Return the answers that there are, for OpenAPI."""
    detail = {
        "type": "object",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    }
    refusals = {
        status: {
            "description": text,
            "content": {"application/json": {"schema": detail}},
        }
        for status, text in _REFUSALS.items()
    }
    good = {
        "description": "The predictions, in the order of the rows.",
        "content": {"application/json": {"schema": schema}},
    }
    return {200: good, **refusals}


async def _refuse(request, error):
    return ASCIIResponse(
        {"detail": error.detail}, status_code=error.status, headers=error.headers
    )


async def _forget(request, error):
    # Nobody is there any more to read it.
    return Response(status_code=400)


async def _fail(request, error):
    logger.error("A request failed.", exc_info=error)
    return ASCIIResponse(
        {"detail": "The prediction failed; the server's log says why."},
        status_code=500,
    )


class _Headers:
    """Adds to each answer that a browser must not guess what it is."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_header(message):
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self.app(scope, receive, send_with_header)
