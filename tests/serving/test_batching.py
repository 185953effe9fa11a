"""Requests at the same time: what is put together, and what is not."""

import asyncio
import threading
import warnings
from concurrent.futures import CancelledError

import httpx2
import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from served_rows import make_row, png
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.serving import make_app
from skmm.serving._batching import Batcher, BusyError


def frame(n_rows=1):
    return pd.DataFrame({"n": np.arange(float(n_rows))})


class Gate:
    """A model that waits at its first batch, and keeps what it is given."""

    def __init__(self):
        self.begun, self.open = threading.Event(), threading.Event()
        self.batches = []

    def predict(self, frames, asked):
        self.batches.append((list(map(len, frames)), asked))
        self.begun.set()
        assert self.open.wait(30)
        return [len(one) for one in frames]


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def batcher(gate):
    """A batcher of 6 rows and 5 requests, which is busy with one."""
    batcher = Batcher(gate.predict, max_rows=6, max_waiting=5)
    batcher.submit(frame(), "a")
    assert gate.begun.wait(30)
    yield batcher
    gate.open.set()
    batcher.close()


def test_what_waits_is_one_batch(batcher, gate):
    futures = [batcher.submit(frame(n), "a") for n in (1, 2, 3)]
    gate.open.set()
    assert [future.result(30) for future in futures] == [1, 2, 3]
    assert gate.batches == [([1], "a"), ([1, 2, 3], "a")]
    assert (batcher.n_batches, batcher.n_jobs) == (2, 4)


def test_a_batch_has_at_most_so_many_rows(batcher, gate):
    futures = [batcher.submit(frame(n), "a") for n in (4, 3, 9, 1)]
    gate.open.set()
    assert [future.result(30) for future in futures] == [4, 3, 9, 1]
    assert [sizes for sizes, _ in gate.batches[1:]] == [[4], [3], [9], [1]]


def test_what_is_asked_differently_is_not_put_together(batcher, gate):
    futures = [batcher.submit(frame(), asked) for asked in "aab"]
    futures.append(batcher.submit(frame(), "b", can_share=False))
    gate.open.set()
    assert [future.result(30) for future in futures] == [1, 1, 1, 1]
    assert gate.batches[1:] == [([1, 1], "a"), ([1], "b"), ([1], "b")]


def test_what_takes_long_comes_after_all_others(batcher, gate):
    futures = [batcher.submit(frame(), "long", later=True) for _ in range(2)]
    futures += [batcher.submit(frame(), "short") for _ in range(2)]
    assert batcher.n_waiting == 4
    gate.open.set()
    assert [future.result(30) for future in futures] == [1] * 4
    assert [asked for _, asked in gate.batches[1:]] == ["short", "long"]


def test_more_than_may_wait_are_refused(batcher):
    for _ in range(5):
        batcher.submit(frame(), "a")
    with pytest.raises(BusyError):
        batcher.submit(frame(), "a")
    assert batcher.n_waiting == 5
    # What takes long has a place of its own.
    batcher.submit(frame(), "a", later=True)


def test_what_is_given_up_is_not_computed(batcher, gate):
    futures = [batcher.submit(frame(n), "a") for n in (1, 2, 3)]
    assert futures[1].cancel()
    gate.open.set()
    assert futures[2].result(30) == 3
    assert gate.batches[1:] == [([1, 3], "a")]


def test_the_end(batcher, gate):
    future = batcher.submit(frame(), "a")
    gate.open.set()
    batcher.close()
    # What waited is done or given up, and a new thread begins if it is asked.
    try:
        assert future.result(0) == 1
    except CancelledError:
        assert len(gate.batches) == 1
    assert batcher.submit(frame(2), "a").result(30) == 2


def test_a_model_that_fails_does_not_end_the_thread():
    def predict(frames, asked):
        raise KeyError("what nobody thought of")

    batcher = Batcher(predict, max_rows=6, max_waiting=5)
    for _ in range(2):
        with pytest.raises(KeyError):
            batcher.submit(frame(), "a").result(30)
    batcher.close()


# ------------------------------------------------------------------- through the server


def ask_together(app, bodies):
    """Post requests at the same time; return the responses in their order."""

    async def run():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://test"
        ) as client:
            posts = [client.post("/predict", json=body) for body in bodies]
            return await asyncio.gather(*posts)

    responses = asyncio.run(run())
    app.state.batcher.close()
    return responses


def test_many_at_once_are_answered_as_alone(media_model):
    app = make_app(media_model)
    bodies = [
        {"rows": [make_row(price=float(i), note=f"good {i}")] * (1 + i % 3)}
        for i in range(30)
    ]
    together = ask_together(app, bodies)
    batcher = app.state.batcher
    assert batcher.n_jobs == 30
    assert batcher.n_batches < 15
    client = TestClient(app)
    for body, response in zip(bodies, together):
        alone = client.post("/predict", json=body).json()["predictions"]
        assert len(response.json()["predictions"]) == len(body["rows"])
        for one, other in zip(response.json()["predictions"], alone):
            assert one["prediction"] == other["prediction"]
            assert one["probabilities"] == pytest.approx(other["probabilities"])


def test_a_bad_request_is_refused_and_the_others_are_served(media_model):
    broken = "iVBORw0KGgo" + "A" * 49
    bad = [make_row(curve=[1e300]), make_row(when="soon"), make_row(photo=broken)]
    bodies = [{"rows": [make_row()]} for _ in range(9)]
    for place, row in zip((2, 4, 6), bad):
        bodies[place] = {"rows": [make_row(), row]}
    responses = ask_together(make_app(media_model), bodies)
    statuses = [response.status_code for response in responses]
    assert statuses == [200, 200, 422, 200, 422, 200, 422, 200, 200]
    for place, column in zip((2, 4, 6), ("curve", "when", "photo")):
        detail = responses[place].json()["detail"]
        assert f"Column '{column}'" in detail
        assert "row 1" in detail


def test_a_decimal_comma_of_one_is_none_of_another():
    # Of a column with "1.500", "2.300" would be a number of thousands, as well.
    X = pd.DataFrame({"n": [f"{i}.5" for i in range(40)]})
    model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, np.arange(40))
    bodies = [{"rows": [{"n": n}]} for n in ["2.300", "2,5", "3,5", "7,25", 4, None]]
    app = make_app(model)
    together = ask_together(app, bodies)
    client = TestClient(app)
    for body, response in zip(bodies, together):
        alone = client.post("/predict", json=body).json()
        assert response.json()["predictions"][0] == pytest.approx(
            alone["predictions"][0]
        )


def test_warnings_of_rows_leave_those_of_the_process_as_they_are(regressor):
    before = warnings.filters[:]
    row = {"price": "1,5", "size": "S", "note": None}
    responses = ask_together(make_app(regressor), [{"rows": [row]}] * 5)
    assert {response.status_code for response in responses} == {200}
    assert warnings.filters == before


def test_the_order_of_day_and_month_is_that_of_each_request():
    days = pd.date_range("2024-01-01", periods=60, freq="5D")
    X = pd.DataFrame({"day": days.strftime("%m/%d/%Y")})
    y = np.arange(60) % 2
    model = MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y)
    written = ["03/04/2024", "25/04/2024", "26/04/2024", "27/04/2024"]
    bodies = [{"rows": [{"day": day}]} for day in written]
    app = make_app(model)
    together = ask_together(app, bodies)
    client = TestClient(app)
    for body, response in zip(bodies, together):
        alone = client.post("/predict", json=body).json()
        assert response.json() == alone


def test_what_a_transformer_of_others_reads_is_not_shared():
    X = pd.DataFrame({"n": np.arange(40.0), "t": [f"word{i % 4}" for i in range(40)]})
    modalities = [
        ("numbers", StandardScaler(), ["n"]),
        ("words", TfidfVectorizer(), "t"),
    ]
    model = MultimodalClassifier(modalities, heads=["linear"], random_state=0)
    app = make_app(model.fit(X, np.arange(40) % 2))
    rows = [{"n": 3.0, "t": "word1"}, {"n": None, "t": None}, {"n": 5, "t": "word2"}]
    together = ask_together(app, [{"rows": [row]} for row in rows])
    found = [r.json()["predictions"][0]["probabilities"]["1"] for r in together]
    frame = pd.DataFrame(rows)
    np.testing.assert_allclose(found, model.predict_proba(frame)[:, 1], atol=1e-6)
    assert app.state.batcher.n_batches == 3


def test_true_and_one_are_not_one_category_in_a_batch():
    X = pd.DataFrame({"c": ["True", "1", "x", "y"] * 10})
    y = np.array([1, 0, 0, 1] * 10)
    model = MultimodalClassifier(
        kinds={"c": "category"}, heads=["linear"], random_state=0
    ).fit(X, y)
    app = make_app(model)
    together = ask_together(app, [{"rows": [{"c": c}]} for c in (True, 1, "1", 1.0)])
    found = [r.json()["predictions"][0]["probabilities"]["1"] for r in together]
    assert found[0] > 0.5 > found[1]
    assert found[1:] == pytest.approx([found[1]] * 3)


def test_too_many_at_once_are_told_to_come_back(regressor):
    app = make_app(regressor, max_waiting=2)
    row = {"price": 0.5, "size": "S", "note": None}
    responses = ask_together(app, [{"rows": [row] * 100}] * 20)
    statuses = {response.status_code for response in responses}
    assert statuses == {200, 429}
    refused = next(r for r in responses if r.status_code == 429)
    assert refused.headers["retry-after"] == "1"


def test_a_prediction_that_takes_too_long(regressor, monkeypatch):
    app = make_app(regressor, timeout=0.05)
    gate = Gate()
    monkeypatch.setattr(app.state.batcher, "predict", gate.predict)
    with TestClient(app) as client:
        row = {"price": 0.5, "size": "S", "note": None}
        response = client.post("/predict", json={"rows": [row]})
        gate.open.set()
    assert response.status_code == 503
    assert "longer than 0.05 seconds" in response.json()["detail"]


def test_a_request_that_arrives_too_slowly(regressor):
    app = make_app(regressor, timeout=0.05)
    sent = []

    async def receive():
        await asyncio.Event().wait()  # for the rest, which never comes

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/predict",
        "raw_path": b"/predict",
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"content-type", b"application/json")],
        "server": ("test", 80),
        "client": ("test", 1),
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert b"did not arrive within" in sent[1]["body"]


def test_a_fault_of_the_model_is_an_error_of_the_server(regressor, monkeypatch, caplog):
    app = make_app(regressor)

    def fail(frames, asked):
        raise RuntimeError("secret")

    monkeypatch.setattr(app.state.batcher, "predict", fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        row = {"price": 0.5, "size": "S", "note": None}
        response = client.post("/predict", json={"rows": [row]})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "secret" in caplog.text


def test_pictures_are_files_in_a_batch_too(media_model):
    import base64

    cells = [base64.b64encode(png(shade)).decode() for shade in (1, 90, 180)]
    bodies = [{"rows": [make_row(photo=cell)]} for cell in [*cells, None]]
    app = make_app(media_model)
    together = ask_together(app, bodies)
    client = TestClient(app)
    for body, response in zip(bodies, together):
        alone = client.post("/predict", json=body).json()["predictions"][0]
        found = response.json()["predictions"][0]
        assert found["probabilities"] == pytest.approx(alone["probabilities"])
