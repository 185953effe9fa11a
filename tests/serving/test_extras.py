"""Intervals and explanations, where the estimator has them."""

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from skmm import MultimodalRegressor
from skmm.serving import make_app


def fit(n=120, **options):
    X = pd.DataFrame({"n": np.linspace(0, 1, n)})
    y = X["n"] + np.random.default_rng(0).normal(0, 0.1, n)
    return MultimodalRegressor(heads=["linear"], random_state=0, **options).fit(X, y)


@pytest.mark.parametrize(("asked", "coverage"), [(True, 0.9), (0.5, 0.5)])
def test_intervals(asked, coverage):
    model = fit()
    client = TestClient(make_app(model))
    assert client.get("/schema").json()["interval"]
    body = {"rows": [{"n": 0.3}, {"n": None}], "interval": asked}
    answer = client.post("/predict", json=body).json()
    expected = model.predict_interval(pd.DataFrame({"n": [0.3, np.nan]}), coverage)
    found = [row["interval"] for row in answer["predictions"]]
    np.testing.assert_allclose(found, expected)
    plain = client.post("/predict", json={"rows": body["rows"]}).json()
    assert "interval" not in plain["predictions"][0]
    form = {"rows": "n\n0.3\n", "interval": str(asked).lower()}
    files = {name: (None, text) for name, text in form.items()}
    same = client.post("/predict/files", files=files).json()
    assert same["predictions"] == answer["predictions"][:1]


def test_an_error_of_the_intervals_is_told():
    client = TestClient(make_app(fit(validation=None)))
    body = {"rows": [{"n": 0.3}], "interval": True}
    response = client.post("/predict", json=body)
    assert response.status_code == 422
    assert "There are no rows to calibrate on" in response.json()["detail"]


def test_explanations(regressor):
    client = TestClient(make_app(regressor, max_explained=2))
    assert client.get("/schema").json()["explain"]
    row = {"price": 0.5, "size": "S", "note": None}
    body = {"rows": [row, row | {"price": 2.0}], "explain": True}
    for answer in client.post("/predict", json=body).json()["predictions"]:
        explanation = answer["explanation"]
        assert explanation["prediction"] == pytest.approx(answer["prediction"])
        parts = pd.DataFrame(explanation["parts"])
        modalities = parts[parts["kind"] == "modality"]
        gain = explanation["prediction"] - explanation["baseline"]
        assert modalities["value"].sum() == pytest.approx(gain, abs=1e-6)
        assert "price" in parts["column"].tolist()
    response = client.post("/predict", json=body | {"rows": [row] * 3})
    assert response.status_code == 422
    assert "Explanations of 3 rows" in response.json()["detail"]


def test_of_several_outputs_there_are_no_explanations():
    X = pd.DataFrame({"n": np.linspace(0, 1, 40)})
    y = np.column_stack([X["n"], -X["n"]])
    model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, y)
    client = TestClient(make_app(model))
    assert not client.get("/schema").json()["explain"]
    response = client.post("/predict", json={"rows": [{}], "explain": True})
    assert response.status_code == 422
    assert "Explanations are asked for" in response.json()["detail"]
