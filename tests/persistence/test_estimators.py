"""Fitted estimators in files: they predict bitwise the same, here and elsewhere."""

import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.feature_extraction import MultimodalVectorizer
from skmm.model_selection import FusionSearchCV
from skmm.persistence import ModelFileError, UntrustedTypeError

FILES = pathlib.Path(__file__).parent / "files"


@pytest.fixture(scope="module")
def rows():
    return make_multimodal_classification(n_samples=90, missing=0.1, random_state=0)


def brief(**options):
    return MultimodalClassifier(max_epochs=2, random_state=0, **options)


def predictions(estimator, X):
    return getattr(estimator, "predict_proba", estimator.predict)(X)


ESTIMATORS = {
    "defaults": brief(),
    "fused": brief(heads=["fused"], fusion="gated", alignment="contrastive"),
    "attention": brief(heads=["fused"], fusion="attention", mixup="mixup"),
    "folds": brief(validation=3),
    "scored": brief(scoring="balanced_accuracy", loss="ordinal"),
    "wide": brief(heads=["fused", "wide"]),
    "forest": brief(
        heads=["linear", ("trees", ExtraTreesClassifier(5, random_state=0))]
    ),
    "pipeline": make_pipeline(
        MultimodalVectorizer(),
        SimpleImputer(),
        LogisticRegression(max_iter=50, solver="liblinear"),
    ),
    "vectors": make_pipeline(
        MultimodalVectorizer(), SimpleImputer(), LinearSVC(random_state=0)
    ),
    "nested": make_pipeline(MultimodalVectorizer(), brief()),
    "search": GridSearchCV(brief(), {"fusion": ["concat", "late"]}, cv=2),
    "fusion-search": FusionSearchCV(brief(), ["concat", "gated"], cv=2),
    "boosted": make_pipeline(
        MultimodalVectorizer(),
        SimpleImputer(),
        GradientBoostingClassifier(n_estimators=3),
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_it_predicts_the_same(name, rows, tmp_path):
    X, y = rows
    fitted = ESTIMATORS[name].fit(X, y)
    skmm.save(fitted, tmp_path / "model.skmm")
    assert skmm.get_untrusted_types(tmp_path / "model.skmm") == []
    loaded = skmm.load(tmp_path / "model.skmm")
    assert repr(loaded) == repr(fitted)
    np.testing.assert_array_equal(predictions(loaded, X), predictions(fitted, X))
    mapped = skmm.load(tmp_path / "model.skmm", mmap=True)
    np.testing.assert_array_equal(predictions(mapped, X), predictions(fitted, X))


def test_an_estimator_whose_compiled_code_trusts_its_state(rows, tmp_path):
    X, y = rows
    fitted = make_pipeline(MultimodalVectorizer(), SimpleImputer(), SVC()).fit(X, y)
    skmm.save(fitted, tmp_path / "model.skmm")
    with pytest.raises(UntrustedTypeError, match="sklearn.svm._classes.SVC"):
        skmm.load(tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm", trusted=["sklearn.svm._classes.SVC"])
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_a_regressor_and_its_attributes(tmp_path):
    X, y = make_multimodal_regression(n_samples=60, random_state=0)
    fitted = MultimodalRegressor(
        loss="quantile", quantile=[0.1, 0.5, 0.9], max_epochs=2, random_state=0
    ).fit(X, y)
    fitted.save(tmp_path / "model", folder=True)
    loaded = skmm.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(
        loaded.predict_interval(X, 0.8), fitted.predict_interval(X, 0.8)
    )
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    assert vars(loaded).keys() == vars(fitted).keys()
    assert loaded.history_ == fitted.history_
    np.testing.assert_equal(loaded.head_weights_, fitted.head_weights_)
    skmm.save(loaded, tmp_path / "again.skmm")
    skmm.save(fitted, tmp_path / "first.skmm")
    files = [(tmp_path / n).read_bytes() for n in ("again.skmm", "first.skmm")]
    assert files[0] == files[1]


def test_an_estimator_that_is_not_fitted(tmp_path):
    brief(fusion=skmm.fusion.LowRankFusion(rank=3)).save(tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    assert loaded.get_params()["fusion__rank"] == 3
    assert not loaded.__sklearn_is_fitted__()


def test_labels_of_all_sorts(rows, tmp_path):
    X, y = rows
    for labels in (
        np.array(["no", "yes"])[y],
        y == 1,
        np.array(["2020-01-01", "2021-01-01"], "M8[s]")[y],
        pd.Series(["a", "b"], dtype="string")[y].reset_index(drop=True),
        pd.Categorical.from_codes(y, ["x", "y"]),
    ):
        fitted = brief(heads=["linear"]).fit(X, labels)
        fitted.save(tmp_path / "model.skmm")
        loaded = skmm.load(tmp_path / "model.skmm")
        np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
        assert loaded.classes_.dtype == fitted.classes_.dtype


def test_training_goes_on_from_a_file(rows, tmp_path):
    X, y = rows
    fitted = brief(heads=["fused"])
    for _ in range(2):
        fitted.partial_fit(X, y, classes=[0, 1])
    fitted.save(tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    for estimator in (fitted, loaded):
        estimator.partial_fit(X, y)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_a_fit_starts_from_a_file(rows, tmp_path):
    X, y = rows
    path = tmp_path / "start.skmm"
    brief().fit(X, y).save(path)
    started = brief(init=path).fit(X, y)
    assert started.predict(X).shape == (90,)
    with open(tmp_path / "start.pkl", "wb") as file:
        pickle.dump(started, file)
    with pytest.raises(ValueError, match="looks like a pickle.*trusted='pickle'"):
        brief(init=tmp_path / "start.pkl").fit(X, y)


def test_a_pickle_of_another_version_warns(rows, monkeypatch):
    fitted = brief(heads=["linear"]).fit(*rows)
    with monkeypatch.context() as patch:
        patch.setattr(skmm, "__version__", "0.0.9")
        pickled = pickle.dumps(fitted)
    with pytest.warns(UserWarning, match="pickled by skmm 0.0.9 and is read by"):
        pickle.loads(pickled)
    pickle.loads(pickle.dumps(fitted))  # without a warning


def test_a_device_that_is_not_here(rows, tmp_path, monkeypatch):
    X, y = rows
    fitted = brief().fit(X, y)
    fitted._learner.device = "cuda:7"
    fitted.save(tmp_path / "model.skmm")
    with pytest.warns(UserWarning, match="device='cuda:7', which is not here"):
        loaded = skmm.load(tmp_path / "model.skmm")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


OTHER_PROCESS = """
import sys, numpy as np, pandas as pd, skmm
model, rows, out = sys.argv[1:]
np.save(out, skmm.load(model).predict_proba(pd.read_pickle(rows)))
"""


def test_in_another_process_and_folder(rows, tmp_path):
    X, y = rows
    fitted = brief().fit(X, y)
    fitted.save(tmp_path / "model.skmm")
    X.to_pickle(tmp_path / "rows.pkl")
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(
        [
            sys.executable,
            "-c",
            OTHER_PROCESS,
            *(tmp_path / name for name in ("model.skmm", "rows.pkl", "out.npy")),
        ],
        check=True,
        cwd=tmp_path / "elsewhere",
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    np.testing.assert_array_equal(
        np.load(tmp_path / "out.npy"), fitted.predict_proba(X)
    )


def test_a_file_is_not_larger_than_a_pickle(rows, tmp_path):
    fitted = brief().fit(*rows)
    fitted.save(tmp_path / "model.skmm")
    pickled = io.BytesIO()
    pickle.dump(fitted, pickled)
    assert (tmp_path / "model.skmm").stat().st_size <= 1.05 * len(pickled.getvalue())


# ----------------------------------------------------------------------- older versions


@pytest.mark.parametrize("path", sorted(FILES.glob("*.skmm")), ids=lambda p: p.stem)
def test_a_file_of_an_older_version_still_predicts(path):
    """Of each schema, a file that was written then, with what it predicted.

    Predictions may differ in their last digits from one processor to another.
    """
    expected = json.loads(path.with_suffix(".json").read_text())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*was written with", UserWarning)
        loaded = skmm.load(path)
    # Parameters that came since are as they are by default.
    assert loaded.get_params().keys() == MultimodalClassifier().get_params().keys()
    found = loaded.predict_proba(pd.DataFrame(expected["rows"]))
    np.testing.assert_allclose(found, expected["probabilities"], atol=1e-4)
    torch.testing.assert_close(
        torch.tensor(loaded.head_weights_["fused"]),
        torch.tensor(expected["fused"]),
        rtol=1e-4,
        atol=1e-4,
    )


def test_the_state_of_the_optimizer_may_be_left_out(rows, tmp_path):
    X, y = rows
    model = brief(heads=["fused"]).partial_fit(X, y)
    skmm.save(model, tmp_path / "whole.skmm")
    model.save(tmp_path / "brief.skmm", optimizer=False)
    sizes = [(tmp_path / n).stat().st_size for n in ("whole.skmm", "brief.skmm")]
    assert sizes[1] < 0.6 * sizes[0]
    whole, short = (skmm.load(tmp_path / f"{n}.skmm") for n in ("whole", "brief"))
    np.testing.assert_array_equal(short.predict_proba(X), model.predict_proba(X))
    expected = predictions(model.partial_fit(X, y), X)
    np.testing.assert_array_equal(predictions(whole.partial_fit(X, y), X), expected)
    assert not np.array_equal(predictions(short.partial_fit(X, y), X), expected)


def test_parts_of_a_file_that_do_not_fit_are_named_and_bad_rows_are_not(rows, tmp_path):
    X, y = rows
    model = brief(heads=["linear"]).fit(X, y)
    model.save(tmp_path / "whole.skmm")
    encoder = model._preparation.modalities[0][1]
    del encoder.readers_
    model.save(tmp_path / "lacks_readers.skmm")
    with pytest.raises(AttributeError):  # of a model that is from no file
        model.predict(X)
    model = skmm.load(tmp_path / "whole.skmm")
    model._learner.heads["linear"] = None
    model.save(tmp_path / "lacks_head.skmm")
    for name in ("lacks_readers", "lacks_head"):
        loaded = skmm.load(tmp_path / f"{name}.skmm")
        with pytest.raises(ModelFileError, match="parts do not fit each other"):
            loaded.predict_proba(X)
    loaded = skmm.load(tmp_path / "whole.skmm")
    for bad in (X.iloc[:, 1:], X.assign(num_0="many words")):
        with pytest.raises(ValueError, match="feature|num_0") as caught:
            loaded.predict(bad)
        assert type(caught.value) is ValueError
