"""The command line: what it prints and writes, exit codes, errors without a trace."""

import functools
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skmm
from skmm.__main__ import are_classes, main
from skmm.datasets import make_multimodal_classification

FIT = ["fit", "rows.csv", "--target", "liked"]


@pytest.fixture
def table():
    X, y = make_multimodal_classification(n_samples=80, random_state=0)
    return X.assign(liked=np.where(y, "yes", "no"))


def run(capsys, *arguments):
    """Return exit status, standard output and standard error."""
    status = main(list(map(str, arguments)))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


# ------------------------------------------------------------------------------ inspect


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "semicolons.csv"])
def test_inspect_tells_what_each_column_is(table, name, tmp_path, capsys):
    path = tmp_path / name
    if name == "rows.parquet":
        pytest.importorskip("pyarrow")
        table.to_parquet(path)
    else:
        table.to_csv(path, sep=";" if "semi" in name else ",", index=False)
    status, out, err = run(capsys, "inspect", path, "--drop", "num_0,num_1")
    assert (status, err) == (0, "")
    assert out.startswith("80 rows, 6 columns")
    assert out.endswith("Modalities: tabular, text\n")
    kinds = {line.split()[0]: line.split()[3] for line in out.splitlines()[3:-2]}
    assert kinds["text_0"] == "text"
    assert kinds["liked"] == "tabular"


def test_row_numbers_that_pandas_wrote_are_left_out(table, tmp_path, capsys):
    table.to_csv(tmp_path / "rows.csv")
    status, out, err = run(capsys, "inspect", tmp_path / "rows.csv")
    assert status == 0
    assert "Unnamed" not in out
    assert err == "The first column counts the rows: left out.\n"


def test_a_folder_of_pictures_and_one_with_a_table(table, tmp_path, capsys):
    image = pytest.importorskip("PIL.Image")
    for label in ("cats", "dogs"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i in range(3):
            picture = image.new("RGB", (8, 8), (40 * i, 0, 0))
            picture.save(tmp_path / "photos" / label / f"{i}.png")
    status, out, _ = run(capsys, "inspect", tmp_path / "photos")
    assert status == 0
    assert out.startswith("6 rows, 2 columns")
    assert "Modalities: image, tabular" in out
    table.to_csv(tmp_path / "photos" / "rows.csv", index=False)
    status, out, _ = run(capsys, "inspect", tmp_path / "photos")
    assert status == 0
    assert out.startswith("80 rows, 8 columns")


# ------------------------------------------------------------------------------- report


def test_a_report_is_printed_and_written(table, tmp_path, capsys, monkeypatch):
    quick = functools.partial(skmm.MultimodalClassifier, width=8, max_epochs=1)
    monkeypatch.setattr(skmm, "MultimodalClassifier", quick)
    table.loc[:2, "liked"] = None
    table.to_csv(tmp_path / "rows.csv", index=False)
    arguments = ["--target", "liked", "--cv", 2, "--fusions", "mean", "--scoring"]
    arguments += ["roc_auc", "--out", tmp_path / "report.html"]
    status, out, err = run(capsys, "report", tmp_path / "rows.csv", *arguments)
    assert status == 0
    assert out.startswith("Does fusion help? 77 rows, 2 folds, ROC AUC\n")
    verdict = out.splitlines()[1]
    for model in ("text", "tabular", "all (concat)", "all (mean)", "prior"):
        assert f"\n{model} " in out
    assert "3 of 80 rows have no 'liked': left out." in err
    assert "'liked' is read as classes" in err
    assert "Fold 2 of 2: prior: 0.5" in err
    assert "Traceback" not in err
    assert "Fitting once more" in err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert verdict in page
    assert "What each modality brings</h2>" in page
    assert "roc_auc: " in page
    assert "One prediction, explained</h2>" in page


@pytest.mark.parametrize("target", ["liked", "amount"])
def test_what_is_fitted_is_saved_and_predicts(target, table, tmp_path, capsys):
    table = table.assign(amount=np.linspace(0, 1, len(table)))
    for name, rows in (("train", table[:60]), ("new", table[60:])):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    model, out_file = tmp_path / "model.skmm", tmp_path / "predictions.csv"
    status, out, err = run(
        capsys, "fit", tmp_path / "train.csv", "--target", target, "--out", model
    )
    assert (status, out) == (0, "")
    assert ("accuracy is" if target == "liked" else "R² is") in err
    assert err.endswith(f"The model is at {model}\n")
    # The target may be there, and is not looked at.
    arguments = ["predict", model, tmp_path / "new.csv"]
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    status, _, err = run(capsys, *arguments, "--out", out_file)
    assert err == f"20 predictions are at {out_file}\n"
    assert out_file.read_text() == out
    found = pd.read_csv(out_file)
    loaded = skmm.load(model)
    expected = loaded.predict(
        pd.read_csv(tmp_path / "new.csv")[loaded.feature_names_in_]
    )
    if target == "liked":
        assert found.columns.tolist() == [
            "prediction",
            "probability_no",
            "probability_yes",
        ]
        assert found["prediction"].tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(found["prediction"], expected)
    table.drop(columns="num_0").to_csv(tmp_path / "less.csv", index=False)
    status, out, err = run(capsys, "predict", model, tmp_path / "less.csv")
    assert (status, out) == (1, "")
    assert "lacks columns of the fit: num_0." in err


def test_which_targets_are_classes():
    assert are_classes(np.array(["a", "b"], dtype=object))
    assert are_classes(np.array([True, False]))
    assert are_classes(np.array([0, 1, 2, 2]))
    assert are_classes(np.array([0.0, 1.0]))
    assert not are_classes(np.array([0.5, 1.0]))
    assert not are_classes(np.arange(100))


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "gone.csv"], "there is no file or folder 'gone.csv'"),
        (["inspect", "notes.docx"], "not a table that skmm reads: .csv"),
        (["inspect", "empty.csv"], "cannot be read as a table"),
        (["inspect", "broken.parquet"], "cannot be read as a table"),
        (["inspect", "nothing"], "neither a table"),
        (["inspect", "two"], "several tables: a.csv, b.csv. Name one."),
        (["report", "rows.csv", "--target", "likd"], "Did you mean 'liked'?"),
        (["report", "rows.csv", "--target", "hollow"], "'hollow' has no value"),
        (
            ["report", "rows.csv", "--target", "liked", "--drop", "text_0"],
            "at least two modalities",
        ),
        (
            ["report", "rows.csv", "--target", "liked", "--fusions", "gatd"],
            "Did you mean 'gated'?",
        ),
        (
            ["report", "rows.csv", "--target", "liked", "--out", "gone/report.html"],
            "there is no folder",
        ),
        (
            [*FIT, "--out", "gone/model.skmm"],
            "there is no folder",
        ),
        (
            [
                "fit",
                "rows.csv",
                "--target",
                "liked",
                "--fusion",
                "gatd",
                "--out",
                "m.skmm",
            ],
            "Did you mean 'gated'?",
        ),
        (["predict", "gone.skmm", "rows.csv"], "No such file"),
        (["predict", "notes.docx", "rows.csv"], "Cannot load 'notes.docx'"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    table, arguments, message, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    table.assign(hollow=None).to_csv("rows.csv", index=False)
    Path("notes.docx").write_bytes(b"PK")
    Path("empty.csv").write_text("")
    Path("broken.parquet").write_bytes(b"PAR1")
    Path("nothing").mkdir()
    Path("two").mkdir()
    for name in ("a", "b"):
        pd.DataFrame({"x": [1]}).to_csv(f"two/{name}.csv")
    status, out, err = run(capsys, *arguments)
    assert status == 1
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert f"skmm {arguments[0]}: " in err


@pytest.mark.parametrize("arguments", [[], ["report", "rows.csv"], ["predict"]])
def test_a_line_that_cannot_be_read_shows_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith("usage: skmm")


# ----------------------------------------------------------------------------- programs


def test_python_m_skmm_and_a_reader_that_stops(table, tmp_path):
    table.to_csv(tmp_path / "rows.csv", index=False)
    command = [sys.executable, "-m", "skmm", "inspect", str(tmp_path / "rows.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("80 rows")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 0


def test_the_installed_program_is_main():
    path = Path(skmm.__file__).parents[1] / "pyproject.toml"
    if not path.exists():
        pytest.skip("skmm is installed without its repository")
    scripts = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["skmm"].partition(":")
    assert getattr(importlib.import_module(module), name) is main
