"""Intervals and explanations, where the estimator and skmm have them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from skmm import MultimodalRegressor, inspection
from skmm.serving import make_app


class WithIntervals(MultimodalRegressor):
    """A regressor whose intervals are easy to tell."""

    def predict_interval(self, X, coverage=0.5):
        y = self.predict(X)
        return np.column_stack([y - coverage, y + coverage])


@pytest.fixture
def interval_client():
    X = pd.DataFrame({"n": np.arange(40.0)})
    model = WithIntervals(heads=["linear"], random_state=0).fit(X, X["n"])
    with TestClient(make_app(model)) as client:
        yield client


@pytest.mark.parametrize(("asked", "coverage"), [(True, 0.9), (0.25, 0.25)])
def test_intervals(interval_client, asked, coverage):
    assert interval_client.get("/schema").json()["interval"]
    body = {"rows": [{"n": 3.0}, {"n": None}], "interval": asked}
    answer = interval_client.post("/predict", json=body).json()
    for row in answer["predictions"]:
        low, high = row["interval"]
        assert high - low == pytest.approx(2 * coverage)
        assert low < row["prediction"] < high
    plain = interval_client.post("/predict", json={"rows": body["rows"]}).json()
    assert "interval" not in plain["predictions"][0]
    form = {"rows": "n\n3\n", "interval": str(asked).lower()}
    files = {name: (None, text) for name, text in form.items()}
    same = interval_client.post("/predict/files", files=files).json()
    assert same["predictions"] == answer["predictions"][:1]


def test_an_error_of_the_intervals_is_told(interval_client, monkeypatch):
    def refuse(self, X, coverage):
        raise ValueError("There are no rows to calibrate on.")

    monkeypatch.setattr(WithIntervals, "predict_interval", refuse)
    body = {"rows": [{"n": 3.0}], "interval": True}
    response = interval_client.post("/predict", json=body)
    assert response.status_code == 422
    assert response.json()["detail"] == "There are no rows to calibrate on."


def explain_row(estimator, X, row=0, max_evaluations="auto"):
    """Explain a row as skmm.inspection.explain_row does, in few words."""
    parts = pd.DataFrame(
        {
            "modality": ["tabular", "tabular"],
            "column": [None, "price"],
            "part": [None, None],
            "kind": ["modality", "column"],
            "value": [X["price"].iloc[row], np.nan],
            "missing": [False, True],
        }
    )
    return SimpleNamespace(
        target=None,
        scale="value",
        prediction=np.float64(2.0),
        baseline=1.0,
        to_frame=lambda: parts,
    )


def test_explanations(regressor, monkeypatch):
    monkeypatch.setattr(inspection, "explain_row", explain_row, raising=False)
    monkeypatch.setattr(inspection, "__all__", [*inspection.__all__, "explain_row"])
    client = TestClient(make_app(regressor, max_explained=2))
    assert client.get("/schema").json()["explain"]
    row = {"price": 0.5, "size": "S", "note": None}
    body = {"rows": [row, row | {"price": 2.0}], "explain": True}
    answer = client.post("/predict", json=body).json()["predictions"]
    explanation = answer[1]["explanation"]
    assert (explanation["prediction"], explanation["baseline"]) == (2.0, 1.0)
    assert [part["value"] for part in explanation["parts"]] == [2.0, None]
    assert explanation["parts"][0]["column"] is None
    response = client.post("/predict", json=body | {"rows": [row] * 3})
    assert response.status_code == 422
    assert "Explanations of 3 rows" in response.json()["detail"]


def test_without_explanations_it_is_said(regressor, monkeypatch):
    names = [name for name in inspection.__all__ if name != "explain_row"]
    monkeypatch.setattr(inspection, "__all__", names)
    client = TestClient(make_app(regressor))
    assert not client.get("/schema").json()["explain"]
    response = client.post("/predict", json={"rows": [{}], "explain": True})
    assert response.status_code == 422
    assert "Explanations are asked for" in response.json()["detail"]
