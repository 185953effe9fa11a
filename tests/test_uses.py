"""What people do with it from end to end; docs/guide/pipelines.rst has the rest."""

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.feature_extraction import MultimodalVectorizer

SERVE = """
import sys

import joblib
import numpy as np
import pandas as pd

model, rows, out = sys.argv[1:]
np.save(out, joblib.load(model).predict_proba(pd.read_csv(rows)))
"""


def test_a_model_of_a_csv_file_predicts_in_another_process_and_folder(tmp_path):
    X, y = make_multimodal_classification(
        n_samples=300, missing={"text": 0.2}, random_state=0
    )
    X.assign(target=np.where(y, "yes", "no")).to_csv(tmp_path / "rows.csv", index=False)
    table = pd.read_csv(tmp_path / "rows.csv")
    X = table.drop(columns="target")
    model = MultimodalClassifier(random_state=0).fit(X[:200], table["target"][:200])
    joblib.dump(model, tmp_path / "model.joblib")
    X[200:].to_csv(tmp_path / "new.csv", index=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    names = [tmp_path / "model.joblib", tmp_path / "new.csv", tmp_path / "out.npy"]
    command = [sys.executable, "-W", "error", "-c", SERVE, *map(str, names)]
    subprocess.run(command, cwd=elsewhere, check=True)
    expected = model.predict_proba(X[200:])
    # Threads are set by each process, and the order of sums with them.
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-6)
    assert accuracy_score(table["target"][200:], model.predict(X[200:])) > 0.6


def test_a_pipeline_under_nested_cross_validation():
    X, y = make_multimodal_classification(n_samples=240, n_text=2, random_state=0)
    numbers = [column for column in X if column.startswith("num")]
    columns = ColumnTransformer(
        [
            ("title", MultimodalVectorizer(), ["text_0"]),
            ("rest", "passthrough", [*numbers, "cat_0", "cat_1", "text_1"]),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    model = MultimodalClassifier(max_epochs=10, heads=["fused"], random_state=0)
    pipeline = Pipeline([("columns", columns), ("model", model)])
    search = GridSearchCV(pipeline, {"model__fusion": ["concat", "gated"]}, cv=2)
    predicted = cross_val_predict(search, X, y, cv=2)
    assert accuracy_score(y, predicted) > 0.6
    fitted = search.fit(X, y).best_estimator_["model"]
    # The vectorizer's features are a modality of their own.
    assert {name for name, _, _ in fitted.modalities_} == {"text", "tabular", "text_2"}
