"""Small fitted models, and the clients of their servers."""

import pytest
from fastapi.testclient import TestClient
from served_rows import make_table

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.serving import make_app


@pytest.fixture(scope="session")
def media_model():
    X, y = make_table()
    kinds = {"codes": "vector", "curve": "series", "nothing": "drop"}
    model = MultimodalClassifier(
        kinds=kinds, heads=["linear"], pretrained=False, random_state=0
    )
    return model.fit(X, y)


@pytest.fixture(scope="session")
def regressor():
    X, _ = make_table()
    X = X[["price", "size", "note"]]
    y = 3 * X["price"].to_numpy() + 1
    return MultimodalRegressor(heads=["linear"], random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def media_app(media_model):
    return make_app(media_model)


@pytest.fixture
def client(media_app):
    with TestClient(media_app) as client:
        yield client


@pytest.fixture
def ask(client):
    """Post rows; return the status and what is said."""

    def ask(*rows, **options):
        response = client.post("/predict", json={"rows": list(rows), **options})
        return response.status_code, response.json()

    return ask
