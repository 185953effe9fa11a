"""Model cards: what they tell, what they leave open, and what they never tell."""

import pathlib
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skmm
from skmm import MultimodalClassifier, MultimodalMultitask, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.feature_extraction import MultimodalVectorizer
from skmm.inspection import modality_importance
from skmm.model_selection import FusionSearchCV
from skmm.sharing import save_pretrained

LINEAR = {"heads": ["linear"], "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    return make_multimodal_classification(n_samples=120, missing=0.1, random_state=0)


@pytest.fixture(scope="module")
def model(rows):
    return MultimodalClassifier(**LINEAR).fit(*rows)


def test_a_card_tells_of_data_target_heads_and_scores(model, rows):
    X, y = rows
    card = skmm.model_card(model)
    n = model._summary["n_samples"]
    data = card.sections["Training data"]
    assert f"{n} rows were learned from, and {120 - n} others validated." in data
    for name, share in X.isna().mean().items():
        kind = next(k for k in ("number", "category", "text") if name[:3] == k[:3])
        line = f"| {name} | .* | {kind} | {100 * share:.1f} % |"
        assert re.search(line.replace("|", r"\|"), data.replace("\\", ""))
    assert "2 classes" in card.sections["Target"]
    assert "| linear | 1.00 | - |" in card.sections["Heads"]
    assert f"| skmm | {skmm.__version__} |" in card.sections["Versions"]
    assert re.search(r"ROC AUC \| 0\.\d+", card.sections["Evaluation"])


def test_scores_are_those_of_the_validation_rows(rows):
    X, y = rows
    valid = X[90:], y[90:]
    model = MultimodalClassifier(**LINEAR, refit=False, validation=valid)
    model.fit(X[:90], y[:90])
    card = skmm.model_card(model, test_scores={"accuracy": 0.25})
    score = model.score(*valid)
    assert f"| accuracy | {score:.4g} |" in card.sections["Evaluation"]
    assert "| accuracy | 0.25 |" in card.sections["Evaluation"]
    assert "rows that were given as `validation=(X, y)`" in card.sections["Limits"]


def test_metadata_is_what_the_hub_reads(model, tmp_path):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    card = skmm.model_card(model, language=["en", "no"], license="cc0-1.0", tags=["x"])
    card.add(Intended_use="In tests.", Contact="Nobody.").save(tmp_path / "README.md")
    read = huggingface_hub.ModelCard.load(tmp_path / "README.md")
    assert read.data.to_dict()["library_name"] == "skmm"
    assert read.data.license == "cc0-1.0"
    assert read.data.language == ["en", "no"]
    assert read.data.pipeline_tag == "tabular-classification"
    assert read.data.tags == ["skmm", "multimodal", "tabular", "text", "x"]
    assert read.data.metrics == ["accuracy", "f1", "roc_auc"]
    assert "## Intended use\n\nIn tests." in read.text
    assert read.text.endswith("## Contact\n\nNobody.\n")
    open_ones = str(skmm.model_card(model))
    assert "# license:  # to be filled in" in open_ones
    assert "# language:  # to be filled in" in open_ones
    assert open_ones.count("[More Information Needed]") >= 5
    assert card._repr_markdown_().lstrip().startswith("# MultimodalClassifier")


def test_a_model_of_texts_alone_is_found_as_one(rows):
    X, y = rows
    texts = MultimodalClassifier(**LINEAR).fit(X[["text_0"]], y)
    assert skmm.model_card(texts).metadata["pipeline_tag"] == "text-classification"


def run(card):
    (code,) = re.findall(r"```python\n(.*?)```", str(card), re.DOTALL)
    code = code.replace("model.predict(rows)", "found = model.predict(rows)")
    names = {}
    exec(code, names)
    return names["found"]


def test_its_code_runs(model, rows, tmp_path):
    X, y = rows
    wide = pd.concat([X, pd.DataFrame(np.eye(len(X))).add_prefix("n")], axis=1)
    line = make_pipeline(MultimodalVectorizer(), MultimodalClassifier(**LINEAR))
    estimators = {
        "frame": model,
        "wide": MultimodalClassifier(**LINEAR).fit(wide, y),
        "array": MultimodalClassifier(**LINEAR).fit(X.filter(like="num").to_numpy(), y),
        "search": FusionSearchCV(MultimodalClassifier(**LINEAR), ["concat"], cv=2),
        "pipeline": line.fit(X, y),
    }
    estimators["search"].fit(X, y)
    for name, estimator in estimators.items():
        folder = tmp_path / name
        save_pretrained(estimator, folder)
        assert len(run(skmm.model_card(estimator, repo_id=str(folder)))) == 1, name


def test_nothing_of_a_row_and_no_path_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    n = 100
    X = pd.DataFrame(
        {
            "city": rng.choice(["hushtown", "hushville"], n),
            "note": [
                f"hush {rng.choice(['a', 'b'])} hush{i} came by" for i in range(n)
            ],
            "income": rng.normal(size=n) + 123456,
        }
    )
    y = np.where(X["city"] == "hushtown", "yes", "no")
    model = MultimodalClassifier(
        **LINEAR,
        kinds={"city": "category"},
        root=tmp_path / "hush-root",
        memory=tmp_path / "hush-memory",
        validation=(X[80:], y[80:]),
    ).fit(X[:80], y[:80])
    save_pretrained(model, tmp_path / "m")
    told = (tmp_path / "m" / "README.md").read_text()
    told += (tmp_path / "m" / "config.json").read_text()
    assert "city" in told and "yes" in told
    assert "hush" not in told
    assert "12345" not in told
    hidden = skmm.model_card(model, show_classes=False)
    assert "yes" not in str(hidden).replace("eyes", "")
    assert "2 classes" in hidden.sections["Target"]
    numbers = MultimodalRegressor(**LINEAR).fit(X[["city", "note"]], X["income"])
    assert str(X["income"].min())[:9] not in str(skmm.model_card(numbers))


def test_names_of_columns_are_text_and_nothing_else(rows):
    X, y = rows
    names = ["a | b", "<img src=x onerror=alert(1)>", "[x](http://y)", "```\n# Head"]
    X = X[["num_0", "num_1", "num_2", "cat_0"]].set_axis(names, axis=1)
    model = MultimodalClassifier(**LINEAR).fit(X, y)
    card = str(skmm.model_card(model, repo_id="a\n```\nevil"))
    text = card.replace(re.search(r"```python\n.*?\n```", card, re.DOTALL)[0], "")
    assert "<img" not in text and "[x](" not in text and "\n# Head" not in card
    assert "evil" not in text
    table = [line for line in text.splitlines() if "number" in line]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 5 for line in table)


def test_importance_is_written_where_it_was_measured(model, rows):
    assert "Importance of the modalities" not in skmm.model_card(model).sections
    X, y = rows
    found = modality_importance(model, X, y, n_bootstraps=5, random_state=0)
    card = skmm.model_card(model, importance=found)
    text = card.sections["Importance of the modalities"]
    for name, mean in zip(found.names, found.importances_mean):
        assert f"| {name} | {mean:.4g} |" in text


def targets(kind, rows):
    X, y = rows
    if kind == "outputs":
        return MultimodalClassifier(**LINEAR).fit(X, np.column_stack([y, y[::-1] + 3]))
    if kind == "labels":
        return MultimodalClassifier(**LINEAR).fit(X, np.column_stack([y, 1 - y]))
    if kind == "folds":
        return MultimodalClassifier(**LINEAR, validation=3).fit(X, y)
    if kind == "ordinal":
        return MultimodalClassifier(
            loss="ordinal", validation=None, max_epochs=1, heads=["fused"]
        ).fit(X, y)
    if kind == "batches":
        return MultimodalClassifier(heads=["fused"]).partial_fit(X, y)
    X, y = make_multimodal_regression(n_samples=80, random_state=0)
    if kind == "quantiles":
        return MultimodalRegressor(
            loss="quantile", quantile=[0.1, 0.9], heads=["linear"]
        ).fit(X, y)
    return MultimodalRegressor(**LINEAR).fit(X, np.column_stack([y, -y]))


@pytest.mark.parametrize(
    "kind, told",
    [
        ("outputs", "Output 1: 2 classes"),
        ("labels", "2 labels, of which a row may have any"),
        ("folds", "120 of them validated as well, each once"),
        ("ordinal", "No rows were kept back"),
        ("batches", "trained batch by batch"),
        ("quantiles", "pinball loss at 0.9"),
        ("numbers", "A number for each row, 2 outputs."),
    ],
)
def test_each_sort_of_target_has_its_card(kind, told, rows):
    card = str(skmm.model_card(targets(kind, rows)))
    assert told in card
    metadata = yaml.safe_load(card.split("---")[1])
    assert metadata["library_name"] == "skmm"
    assert "nan" not in card.lower().split("## versions")[0].replace("np.nan", "")


def test_other_estimators_have_a_shorter_card(rows):
    X, y = rows
    line = make_pipeline(MultimodalVectorizer(), LogisticRegression())
    line.fit(X[["text_0"]].fillna("none"), y)
    card = skmm.model_card(line, title="Texts")
    assert card.title == "Texts"
    assert "Heads" not in card.sections
    vectors = skmm.model_card(MultimodalVectorizer().fit(X))
    assert vectors.metadata["pipeline_tag"] == "feature-extraction"


@pytest.mark.filterwarnings("ignore:.*was written with")
def test_a_model_of_an_older_version_has_a_card():
    files = pathlib.Path(__file__).parents[1] / "persistence" / "files"
    card = skmm.model_card(skmm.load(files / "schema-1.skmm"))
    assert "not known" in card.sections["Training data"]


def test_wrong_sections_and_estimators_that_are_not_fitted(model):
    with pytest.raises(ValueError, match="Did you mean 'Limits'"):
        skmm.model_card(model, sections={"Limit": "None."})
    card = skmm.model_card(model, sections={"Limits": "None."})
    assert card.sections["Limits"] == "None."
    with pytest.raises(Exception, match="is not fitted"):
        skmm.model_card(MultimodalClassifier())


def test_a_card_of_several_tasks_tells_how_many_rows_have_each(rows):
    X, y = rows
    Y = pd.DataFrame(
        {"sold": y, "price": np.where(np.arange(120) % 3, 2.5 * y, np.nan)}
    )
    model = MultimodalMultitask(**LINEAR, validation=None).fit(X, Y)
    card = skmm.model_card(model)
    assert "| sold | classification | 120 |" in card.sections["Target"]
    assert "| price | regression | 80 |" in card.sections["Target"]
    assert "| linear | 1.00 | - |" in card.sections["Heads"]
