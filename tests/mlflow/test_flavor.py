"""Models in MLflow: logged to a local store, and loaded without a pickle."""

import importlib.util
import json
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import FunctionTransformer

import skmm.mlflow
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.feature_extraction import TextVectorizer
from skmm.persistence import ModelFileError, UntrustedTypeError

LINEAR = {"heads": ["linear"], "random_state": 0}


@pytest.fixture(scope="module")
def mlflow():
    # Here, since it takes seconds to import.
    return pytest.importorskip("mlflow")


@pytest.fixture(scope="module")
def rows():
    return make_multimodal_classification(n_samples=80, missing=0.1, random_state=0)


@pytest.fixture(scope="module")
def model(rows):
    X, y = rows
    return MultimodalClassifier(**LINEAR).fit(X, np.where(y, "yes", "no"))


# To make the tables of a database takes a dozen seconds.
@pytest.fixture(params=["files", pytest.param("sqlite", marks=pytest.mark.slow)])
def store(request, mlflow, tmp_path, monkeypatch):
    """Set a store of runs under `tmp_path`."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    uri = (tmp_path / "runs").as_uri()
    if request.param == "sqlite":
        pytest.importorskip("sqlalchemy")
        uri = f"sqlite:///{tmp_path / 'runs.db'}"
    else:
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("e", artifact_location=(tmp_path / "files").as_uri())
    mlflow.set_experiment("e")
    yield tmp_path
    mlflow.set_tracking_uri(before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_model_is_logged_and_loaded(mlflow, model, rows, store):
    X, _ = rows
    with mlflow.start_run():
        info = skmm.mlflow.log_model(
            model,
            "reviews",
            predict_fn="predict_proba",
            metadata={"team": "a"},
            registered_model_name="registered",
        )
    found = skmm.mlflow.load_model(info.model_uri)
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))
    function = mlflow.pyfunc.load_model("models:/registered/1")
    np.testing.assert_array_equal(function.predict(X), model.predict_proba(X))
    assert function.metadata.metadata["team"] == "a"
    assert info.signature.inputs.input_names() == X.columns.tolist()
    names = {path.name for path in store.rglob("files/**/*") if path.is_file()}
    assert {"MLmodel", "model.skmm", "README.md", "requirements.txt"} <= names
    assert not any(name.endswith((".pkl", ".pickle")) for name in names)


# MLflow's own, where it keeps an example.
@pytest.mark.filterwarnings("ignore:Operation with range")
def test_a_signature_takes_what_the_readers_take(mlflow, model, rows, tmp_path):
    X, _ = rows
    skmm.mlflow.save_model(model, tmp_path / "m", input_example=X.head(2))
    function = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    assert set(function.predict(X)) <= {"yes", "no"}
    few = X.head(3).copy()
    few["num_0"] = [1, 2, 3]
    few["num_1"] = [None, 2, 3]
    few["cat_0"] = [0, 1, 0]
    few["text_0"] = [None, None, None]
    np.testing.assert_array_equal(function.predict(few), model.predict(few))
    assert isinstance(function.get_raw_model(), MultimodalClassifier)
    example = function.metadata.load_input_example(str(tmp_path / "m"))
    assert example.shape == (2, X.shape[1])
    signature = function.metadata.signature
    assert not any(one.required for one in signature.inputs)
    assert "string" in str(signature.inputs.inputs[-1])
    few["text_0"] = [1, 2, 3]
    with pytest.raises(mlflow.exceptions.MlflowException, match="text_0"):
        function.predict(few)


def test_arrays_and_numbers_and_transformers(mlflow, tmp_path):
    X, y = make_multimodal_regression(n_samples=60, random_state=0)
    array = X.filter(like="num").to_numpy()
    numbers = MultimodalRegressor(**LINEAR).fit(array, y)
    skmm.mlflow.save_model(numbers, tmp_path / "numbers")
    function = mlflow.pyfunc.load_model(str(tmp_path / "numbers"))
    np.testing.assert_array_equal(function.predict(array), numbers.predict(array))
    vectors = TextVectorizer().fit(pd.DataFrame({"t": ["warm soup", "cold tea"]}))
    skmm.mlflow.save_model(vectors, tmp_path / "v", predict_fn="transform")
    function = mlflow.pyfunc.load_model(str(tmp_path / "v"))
    frame = pd.DataFrame({"t": ["tea"]})
    np.testing.assert_array_equal(function.predict(frame), vectors.transform(frame))
    with pytest.raises(ValueError, match="TextVectorizer.* It has transform"):
        skmm.mlflow.save_model(vectors, tmp_path / "w")
    with pytest.raises(FileExistsError, match="is there already"):
        skmm.mlflow.save_model(numbers, tmp_path / "v")


def test_what_a_model_says_of_itself_is_not_trusted(mlflow, model, tmp_path):
    skmm.mlflow.save_model(
        FunctionTransformer(json.dumps), tmp_path / "f", predict_fn="transform"
    )
    with pytest.raises(UntrustedTypeError, match="json.dumps"):
        mlflow.pyfunc.load_model(str(tmp_path / "f"))
    skmm.mlflow.load_model(str(tmp_path / "f"), trusted=["json.dumps"])
    skmm.mlflow.save_model(model, tmp_path / "m")
    described = (tmp_path / "m" / "MLmodel").read_text()
    (tmp_path / "m" / "MLmodel").write_text(
        described.replace("predict_fn: predict", "predict_fn: save")
    )
    with pytest.raises(ValueError, match="names 'save'"):
        mlflow.pyfunc.load_model(str(tmp_path / "m"))
    file = tmp_path / "m" / "model.skmm"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelFileError):
        skmm.mlflow.load_model(str(tmp_path / "m"))
    (tmp_path / "m" / "MLmodel").write_text(
        described.replace("  skmm:\n", "  other:\n")
    )
    with pytest.raises(ValueError, match="a model of .*other, not of skmm"):
        skmm.mlflow.load_model(str(tmp_path / "m"))


def test_what_is_missing_is_named(mlflow, model, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        real = importlib.util.find_spec
        patch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *args: None if name == "sqlalchemy" else real(name, *args),
        )
        patch.setattr(mlflow, "get_tracking_uri", lambda: "sqlite:///runs.db")
        with pytest.raises(ImportError, match="pip install mlflow"):
            skmm.mlflow.log_model(model)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match=r'pip install "skmm\[mlflow\]"'):
        skmm.mlflow.save_model(model, tmp_path / "m")
