"""What is asked, what is answered, and what is refused."""

import base64
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from served_rows import make_row, make_table, png, wav
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.feature_extraction import MultimodalVectorizer
from skmm.serving import make_app


def encode(content):
    return base64.b64encode(content).decode()


def as_json(X):
    """Return the rows of a frame of plain values, as a client writes them."""
    return json.loads(X.to_json(orient="records"))


def small(cls=MultimodalClassifier, **options):
    return cls(**{"heads": ["linear"], "random_state": 0} | options)


def probabilities(answer):
    return [list(row["probabilities"].values()) for row in answer["predictions"]]


# ------------------------------------------------------------- predictions


def test_rows_are_predicted_as_by_the_estimator(media_model, ask):
    X, _ = make_table()
    rows = []
    for row in X.drop(columns="nothing").to_dict("records"):
        row |= {name: encode(row[name]) for name in ("photo", "sound")}
        row |= {name: row[name].tolist() for name in ("codes", "curve")}
        rows.append(row)
    status, answer = ask(*rows)
    assert status == 200
    expected = media_model.predict_proba(X)
    np.testing.assert_allclose(probabilities(answer), expected, atol=1e-9)
    labels = [row["prediction"] for row in answer["predictions"]]
    assert labels == media_model.predict(X).tolist()
    assert set(answer["predictions"][0]["probabilities"]) == {"no", "yes"}


def test_missing_values_are_null(media_model, ask):
    status, answer = ask(dict.fromkeys(make_row()))
    assert status == 200
    # Of a row of which nothing is known, the shares of the classes.
    np.testing.assert_allclose(probabilities(answer), [[0.5, 0.5]], atol=1e-6)


def test_a_regressor_gives_numbers(regressor):
    client = TestClient(make_app(regressor))
    X = pd.DataFrame({"price": [0.1, 2.0], "size": ["S", "L"], "note": ["a", None]})
    answer = client.post("/predict", json={"rows": as_json(X)}).json()
    found = [row["prediction"] for row in answer["predictions"]]
    np.testing.assert_allclose(found, regressor.predict(X))
    assert list(answer["predictions"][0]) == ["prediction"]


@pytest.mark.parametrize("kind", ["multilabel", "multioutput", "numbers"])
def test_several_outputs(kind, classification):
    X, y = classification
    if kind == "numbers":
        model = small(MultimodalRegressor).fit(X, np.column_stack([y, 2.0 * y]))
    elif kind == "multilabel":
        model = small().fit(X, np.column_stack([y, 1 - y, np.arange(len(y)) % 2]))
    else:
        model = small().fit(X, np.column_stack([y, np.arange(len(y)) % 3]))
    client = TestClient(make_app(model))
    rows = X.head(3)
    answer = client.post("/predict", json={"rows": as_json(rows)}).json()["predictions"]
    assert [row["prediction"] for row in answer] == model.predict(rows).tolist()
    if kind == "multilabel":
        found = [row["probabilities"] for row in answer]
        np.testing.assert_allclose(found, model.predict_proba(rows))
    elif kind == "multioutput":
        assert [list(one) for one in answer[0]["probabilities"]] == [
            *(["0", "1"], ["0", "1", "2"])
        ]


def test_labels_keep_their_type(classification):
    X, y = classification
    for labels in (y.astype(bool), y.astype(float), np.where(y, "a", "b")):
        model = small().fit(X, labels)
        client = TestClient(make_app(model))
        answer = client.post("/predict", json={"rows": as_json(X.head(1))}).json()
        found = answer["predictions"][0]["prediction"]
        assert found == model.predict(X.head(1))[0]
        assert type(found) is type(model.predict(X.head(1)).tolist()[0])


def test_pipelines_and_searches(classification):
    X, y = classification
    vectorizer = MultimodalVectorizer()
    search = GridSearchCV(small(), {"refit": [True]}, cv=2)
    models = [
        make_pipeline(vectorizer, small()).fit(X, y),
        make_pipeline(FunctionTransformer(), small()).fit(X, y),
        search.fit(X, y),
    ]
    for model in models:
        client = TestClient(make_app(model))
        answer = client.post("/predict", json={"rows": as_json(X.head(2))}).json()
        expected = model.predict_proba(X.head(2))
        np.testing.assert_allclose(probabilities(answer), expected)
    # What a MultimodalVectorizer reads is known; what a function does is not.
    kinds = [
        [c["kind"] for c in TestClient(make_app(m)).get("/schema").json()["columns"]]
        for m in models
    ]
    assert kinds[0] == kinds[2] == [*["number"] * 4, *["category"] * 2, "text"]
    assert set(kinds[1]) == {"any"}


def test_columns_without_names():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(int)
    model = small().fit(X, y)
    client = TestClient(make_app(model))
    rows = [dict(zip("012", row)) for row in X[:2].tolist()]
    answer = client.post("/predict", json={"rows": rows}).json()
    np.testing.assert_allclose(probabilities(answer), model.predict_proba(X[:2]))


def test_a_number_that_is_not_finite_is_null():
    from skmm.serving._model import plain

    values = np.array([[1.0, np.nan], [np.inf, 2.0]])
    assert plain(values) == [[1.0, None], [None, 2.0]]
    assert plain({"a": (np.float32("nan"), np.int64(3))}) == {"a": [None, 3]}


# ------------------------------------------------------------- files and forms


@pytest.mark.parametrize("written_as", ["field", "json file", "csv", "csv file"])
def test_files_are_uploaded_beside_rows(media_model, client, written_as):
    row = make_row(photo="picture", sound="clip")
    expected = make_row(photo=encode(png(9)), sound=encode(wav()))
    files = {"picture": ("any.gif", png(9)), "clip": ("a.wav", wav())}
    data = {}
    if "csv" in written_as:
        cells = pd.DataFrame([row]).map(lambda v: v if v is not None else "")
        text = cells.to_csv(index=False)
    else:
        text = json.dumps([row])
    if "file" in written_as:
        files["rows"] = ("rows", text)
    else:
        data["rows"] = text
    response = client.post("/predict/files", data=data, files=files)
    assert response.status_code == 200, response.text
    same = client.post("/predict", json={"rows": [expected]})
    assert response.json() == same.json()


def test_a_cell_may_hold_several_pictures(media_model, ask):
    X, _ = make_table()
    pictures = [png(3), png(250)]
    status, answer = ask(make_row(photo=[encode(one) for one in pictures]))
    assert status == 200
    X = X.head(1).assign(**{k: [v] for k, v in make_row(photo=pictures).items()})
    X["codes"] = [np.array(make_row()["codes"])]
    X["curve"] = [np.array(make_row()["curve"])]
    np.testing.assert_allclose(
        probabilities(answer), media_model.predict_proba(X), atol=1e-9
    )


def test_csv_of_europe(regressor):
    client = TestClient(make_app(regressor))
    table = 'note;price;size\n"good; cheap";1,5;M\n\n;;\n'
    answer = client.post("/predict/files", files={"rows": ("a.csv", table)}).json()
    X = pd.DataFrame(
        {"price": [1.5, None], "size": ["M", None], "note": ["good; cheap", None]}
    )
    found = [row["prediction"] for row in answer["predictions"]]
    np.testing.assert_allclose(found, regressor.predict(X))


FORMS = {
    "no field 'rows'": ({}, {"a": b"x"}),
    r"has more than the 50 rows": ({"rows": "price\n" + "1\n" * 51}, {}),
    "Row 1 of the CSV has 1 cells": ({"rows": "price,note\n1,2\n3\n"}, {}),
    "has the name 'price' twice": ({"rows": "price,price\n1,2\n"}, {}),
    "CSV cannot be read: unexpected end": ({"rows": 'price,note\n1,"2\n'}, {}),
    "'rows' is not JSON": ({"rows": "[1,"}, {}),
    "Column 'photo', row 0: 'other' is neither the name of an uploaded": (
        {"rows": json.dumps([make_row(photo="other")])},
        {"a": png()},
    ),
    "No row names the uploaded files ['a']": (
        {"rows": json.dumps([make_row()])},
        {"a": png()},
    ),
    "the field 'more' of text": ({"rows": "[]", "more": "1"}, {}),
    "'interval' is not JSON": ({"rows": "[]", "interval": "yes"}, {}),
    "'explain' has to be true or false": ({"rows": "[]", "explain": "3"}, {}),
    "the file is empty": ({"rows": json.dumps([make_row(photo="a")])}, {"a": b""}),
}


@pytest.mark.parametrize("told", FORMS)
def test_forms_that_are_refused(media_model, told):
    client = TestClient(make_app(media_model, max_rows=50))
    data, files = FORMS[told]
    files = files or {"rows": ("rows", data.pop("rows"))}
    data = data.copy()
    response = client.post("/predict/files", data=data, files=files)
    assert response.status_code in (400, 422)
    assert told in response.json()["detail"]


# ------------------------------------------------------------- what is refused

FAULTS = {
    "Column 'prise', row 1: there is no such column. Did you mean 'price'?": {
        "prise": 1
    },
    "Column 'price', row 1: a list": {"price": [1]},
    "Column 'price' was fitted as a number; 1 of 2 rows cannot be read as one, the "
    "first at row 1: 'abc'": {"price": "abc"},
    "Column 'price', row 1: the number is too large": {"price": 10**400},
    "Column 'when' was fitted as a date": {"when": "soon"},
    "Column 'note', row 1: a number, where": {"note": 5},
    "Column 'note', row 1: character 0 is half of a surrogate": {"note": "\ud800"},
    "Column 'size', row 1: an object": {"size": {"a": 1}},
    "Column 'photo', row 1: a number": {"photo": 5},
    "Column 'codes', row 1: a list of 2 numbers; the vectors at fit had 8": {
        "codes": [1, 2]
    },
    "Column 'codes', row 1: the list holds a string": {"codes": ["1"] * 8},
    "Column 'curve', row 1: the lists in the list are not equally long": {
        "curve": [[1, 2], [3]]
    },
    "Column 'curve', row 1: true or false": {"curve": True},
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_fault_names_column_and_row(client, told):
    rows = [make_row(), make_row(**FAULTS[told])]
    response = client.post(
        "/predict",
        content=json.dumps({"rows": rows}),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422
    assert response.json()["detail"].startswith(told)


def test_a_missing_column_is_named(ask):
    row = make_row()
    del row["note"]
    status, answer = ask(make_row(), row)
    assert status == 422
    assert answer["detail"].startswith("Column 'note', row 1: the column is missing.")


BODIES = {
    "NaN is not JSON": '{"rows": [{"price": NaN}]}',
    "cannot be read as JSON": '{"rows": [',
    "nested too deep": "[" * 100_000,
    "not encoded as UTF-8": b'{"rows": "\xff"}',
    "the name 'a' more than once": '{"rows": [{"a": 1, "a": 2}]}',
    'an object with "rows"': "[]",
    "'rows' has to be a list": '{"rows": {}}',
    "'rows' is empty": '{"rows": []}',
    "Row 0 is not an object": '{"rows": [3]}',
    "has 'row', which is not known": '{"rows": [{}], "row": 1}',
    "'interval' has to be true, false, or": '{"rows": [{}], "interval": 1}',
    "'explain' has to be true or false": '{"rows": [{}], "explain": 1}',
    "this estimator has no predict_interval": None,
}


@pytest.mark.parametrize("told", BODIES)
def test_bodies_that_are_refused(client, told):
    body = BODIES[told]
    if body is None:
        body = json.dumps({"rows": [make_row()], "interval": True})
    response = client.post(
        "/predict", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code in (400, 422)
    assert told in response.json()["detail"]


def test_limits(media_model):
    app = make_app(media_model, max_rows=2, max_bytes=20_000, max_uploads=1)
    client = TestClient(app)
    response = client.post("/predict", json={"rows": [make_row()] * 3})
    assert response.status_code == 422
    assert "3 rows are more than the 2" in response.json()["detail"]
    response = client.post("/predict", json={"rows": [make_row(note="x" * 20_000)]})
    assert response.status_code == 413

    def without_length():
        for _ in range(30):
            yield b" " * 1000

    response = client.post(
        "/predict",
        content=without_length(),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 413
    assert "more than the 20,000 bytes" in response.json()["detail"]
    rows = json.dumps([make_row(photo=["a", "b"])])
    files = {"a": png(), "b": png(1)}
    response = client.post("/predict/files", data={"rows": rows}, files=files)
    assert response.status_code == 422
    assert "2 files are more than the 1" in response.json()["detail"]


def test_pictures_are_counted_before_they_are_decoded(media_model, monkeypatch):
    client = TestClient(make_app(media_model, max_pixels=250))
    pictures = [encode(png(shade)) for shade in (1, 2, 3)]  # of 120 pixels each
    for photo in (pictures[0], pictures[:2]):
        response = client.post("/predict", json={"rows": [make_row(photo=photo)]})
        assert response.status_code == 200
    monkeypatch.setattr("PIL.Image.Image.load", None)
    rows = [make_row(photo=pictures[:2]), make_row(photo=pictures[2])]
    response = client.post("/predict", json={"rows": rows})
    assert response.status_code == 422
    assert "have 360 pixels, more than the 250" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/predict", "/predict/files"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", ""]
)
def test_another_content_type_is_refused(client, path, kind):
    response = client.post(path, content=b"{}", headers={"content-type": kind})
    assert response.status_code == 415


# ------------------------------------------------------------- what is told


def test_the_schema(client):
    schema = client.get("/schema").json()
    columns = {column["name"]: column for column in schema["columns"]}
    assert {name: column["kind"] for name, column in columns.items()} == {
        "price": "number",
        "when": "date",
        "open": "flag",
        "size": "category",
        "note": "text",
        "photo": "image",
        "sound": "audio",
        "codes": "vector",
        "curve": "series",
        "nothing": "unused",
    }
    assert columns["size"]["categories"] == ["L", "M", "S"]
    assert columns["codes"]["length"] == 8
    assert not columns["nothing"]["required"]
    assert schema["task"] == "classification"
    assert schema["outputs"] == [{"classes": ["no", "yes"]}]
    assert schema["limits"]["rows"] == 1000


def test_the_examples_can_be_predicted(client):
    columns = client.get("/schema").json()["columns"]
    row = {column["name"]: column["example"] for column in columns}
    response = client.post("/predict", json={"rows": [row]})
    assert response.status_code == 200, response.text


def test_an_example_of_the_users_own(regressor):
    X = pd.DataFrame({"price": [np.float32(2.5)], "size": ["S"], "note": [None]})
    for example in (X, X.iloc[0], X.iloc[0].to_dict()):
        client = TestClient(make_app(regressor, example=example))
        columns = client.get("/schema").json()["columns"]
        assert [column["example"] for column in columns] == [2.5, "S", None]
    with pytest.raises(ValueError, match="example has the column 'prise'"):
        make_app(regressor, example={"prise": 1})


def test_many_categories_are_not_told():
    X = pd.DataFrame({"who": [f"p{i % 60}" for i in range(180)], "n": range(180)})
    model = small(kinds={"who": "category"}).fit(X, np.arange(180) % 2)
    columns = TestClient(make_app(model)).get("/schema").json()["columns"]
    assert "categories" not in columns[0]
    assert columns[0]["example"] == "a category"


def test_the_description_for_programs_has_the_columns(client):
    described = client.get("/openapi.json").json()
    operation = described["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["rows"]["items"]
    assert not row["additionalProperties"]
    assert set(row["required"]) == set(make_row())
    assert row["properties"]["price"]["type"] == ["number", "string", "boolean", "null"]
    assert row["properties"]["size"]["examples"] == ["L", "M", "S"]
    assert row["properties"]["codes"]["minItems"] == 8
    answers = operation["responses"]
    assert {"200", "400", "408", "413", "415", "422", "429", "503"} <= set(answers)
    item = answers["200"]["content"]["application/json"]["schema"]
    item = item["properties"]["predictions"]["items"]
    assert list(item["properties"]["probabilities"]["properties"]) == ["no", "yes"]
    response = client.post("/predict", json=schema["example"])
    assert response.status_code == 200, response.text


def test_health(client):
    answer = client.get("/health").json()
    assert answer["status"] == "ok"
    assert answer["estimator"] == "MultimodalClassifier"


def test_the_page_asks_nobody_else(media_model):
    client = TestClient(make_app(media_model, title="<b>Clothes</b> & more"))
    response = client.get("/")
    page, policy = response.text, response.headers["content-security-policy"]
    assert "<title>&lt;b&gt;Clothes&lt;/b&gt; &amp; more</title>" in page
    addresses = re.findall(r"https?://[^\s\"']+", page)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2
    assert response.headers["x-content-type-options"] == "nosniff"


def test_other_addresses(client):
    assert client.get("/docs").status_code == 404
    assert client.get("/predict").status_code == 405
    assert client.get("/../../etc/passwd").status_code == 404


# ------------------------------------------------------------- the app


def test_what_cannot_be_served():
    with pytest.raises(NotFittedError):
        make_app(small())
    with pytest.raises(NotFittedError, match="refit=True"):
        make_app(GridSearchCV(small(), {"refit": [True]}))
    with pytest.raises(TypeError, match="got LogisticRegression"):
        make_app(LogisticRegression())
    with pytest.raises(TypeError, match="class MultimodalClassifier"):
        make_app(MultimodalClassifier)


def test_a_pipeline_that_does_not_know_its_columns(classification):
    class Nameless(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X

        def __sklearn_is_fitted__(self):
            return True

    model = make_pipeline(Nameless(), small()).fit(*classification)
    with pytest.raises(ValueError, match="Nameless, which reads the columns first"):
        make_app(model)


@pytest.mark.parametrize("option", ["max_rows", "max_bytes", "max_waiting", "timeout"])
def test_options_are_checked(regressor, option):
    with pytest.raises(ValueError, match=f"The '{option}' parameter of make_app"):
        make_app(regressor, **{option: 0})


def test_without_fastapi_the_extra_is_named(regressor, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ImportError, match=r"skmm\[serve\]"):
        make_app(regressor)
