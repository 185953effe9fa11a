"""skmm on the command line: ``inspect``, ``report``, ``fit``, ``predict``, ``serve``.

Thin over :func:`skmm.detect_modalities`, :func:`skmm.model_selection.fusion_report`,
the estimators, :func:`skmm.save`, :func:`skmm.load` and :func:`skmm.serving.serve`.
"""

import argparse
import contextlib
import os
import sys
import warnings
from pathlib import Path

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
#: Whole numbers of at most so many values are taken for classes.
MOST_CLASSES = 20


def main(argv=None):
    """Run a command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0, or 1 if the command failed. argparse exits with 2 for a line that it cannot
        read.
    """
    # Before torch is loaded: waiting threads of several processes must not spin.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    args = make_parser().parse_args(argv)
    try:
        with short_warnings():
            args.run(args)
            sys.stdout.flush()  # here, where a pipe that broke is caught
    except BrokenPipeError:
        # Who reads has had enough (`| head`). Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, TypeError, ImportError) as error:
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        print(f"skmm {args.command}: {error}{notes}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"skmm {args.command}: interrupted", file=sys.stderr)
        return 1
    return 0


def make_parser():
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skmm", description="Multimodal learning with scikit-learn's interface."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    inspect = commands.add_parser(
        "inspect", help="tell what each column of a table is read as"
    )
    inspect.set_defaults(run=run_inspect)

    report = commands.add_parser(
        "report", help="tell whether fusing the modalities helps to predict a column"
    )
    report.set_defaults(run=run_report)
    report.add_argument("--cv", type=int, default=5, help="folds (default: 5)")
    report.add_argument(
        "--scoring", help="a name of scikit-learn's; default: accuracy or R²"
    )
    report.add_argument(
        "--fusions",
        type=split_names,
        default=[],
        help="further fusions to compare, such as gated,late",
    )
    report.add_argument("--out", type=Path, help="write the report to this HTML file")

    fit = commands.add_parser("fit", help="learn to predict a column, and save that")
    fit.set_defaults(run=run_fit)
    fit.add_argument("--out", type=Path, required=True, help="write the model here")
    fit.add_argument("--fusion", default="concat", help="default: concat")

    for command in (report, fit):
        command.add_argument("--target", required=True, help="the column to predict")
        command.add_argument(
            "--task",
            choices=["auto", "classification", "regression"],
            default="auto",
            help="auto takes words, and few whole numbers, for classes",
        )
        command.add_argument("--seed", type=int, default=0, help="default: 0")

    predict = commands.add_parser("predict", help="predict by a model that fit saved")
    predict.set_defaults(run=run_predict)
    predict.add_argument("model", type=Path, help="a file of fit or of skmm.save")
    predict.add_argument(
        "--out", type=Path, help="write a CSV file here; otherwise it is printed"
    )
    predict.add_argument("data", type=Path, help="as for fit; the target may lack")

    from skmm.serving._command import add_arguments

    add_arguments(
        commands.add_parser("serve", help="predict by a saved model over HTTP")
    )

    for command in (inspect, report, fit):
        command.add_argument(
            "data", type=Path, help="a CSV or Parquet file, or a folder of files"
        )
        command.add_argument(
            "--drop", type=split_names, default=[], help="columns to leave out: a,b"
        )
    return parser


def split_names(text):
    """Return the names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def run_inspect(args):
    """Print what the columns of a table are."""
    from skmm import detect_modalities

    frame, _ = read_data(args.data)
    frame = drop_columns(frame, args.drop)
    print(f"{len(frame)} rows, {frame.shape[1]} columns\n")
    found = detect_modalities(frame)
    print(found)
    names = ", ".join(name for name, _, _ in found) or "none"
    print(f"\nModalities: {names}")


def run_report(args):
    """Fit, print and write a fusion report."""
    check_folder(args.out)
    X, y, cls, root = read_task(args)

    from skmm.model_selection import fusion_report

    with contextlib.redirect_stdout(sys.stderr):  # progress is not the result
        report = fusion_report(
            cls(root=root),
            X,
            y,
            cv=args.cv,
            scoring=args.scoring,
            fusions=args.fusions,
            random_state=args.seed,
            verbose=1,
        )
    print(report)
    if args.out is not None:
        from skmm.inspection._held_out import inspect_held_out

        tell("Fitting once more, to measure what each modality brings")
        importance, explanation = inspect_held_out(
            cls(root=root), X, y, scoring=args.scoring, random_state=args.seed
        )
        report.to_html(args.out, importance=importance, explanation=explanation)
        tell(f"The report is at {args.out.absolute()}")


def run_fit(args):
    """Fit an estimator with its defaults, and save it."""
    check_folder(args.out)
    X, y, cls, root = read_task(args)
    model = cls(root=root, fusion=args.fusion, random_state=args.seed).fit(X, y)
    score = model.validation_score_
    what = "accuracy" if hasattr(model, "classes_") else "R²"
    if score is not None:
        tell(f"On the rows that validated, {what} is {score:.3f}.")
    # Where the media files are is a matter of the rows, and not of the model.
    model.set_params(root=None).save(args.out)
    tell(f"The model is at {args.out.absolute()}")


def run_predict(args):
    """Predict the rows of a table, one line each."""
    import pandas as pd

    from skmm.persistence import load

    check_folder(args.out)
    model = load(args.model)
    if not hasattr(model, "predict"):
        raise ValueError(f"{str(args.model)!r} holds a {type(model).__name__}.")
    frame, root = read_data(args.data)
    if "root" in model.get_params(deep=False) and model.root is None:
        model.set_params(root=root)
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        absent = [name for name in names if name not in frame.columns]
        if absent:
            listed = ", ".join(map(str, absent))
            raise ValueError(f"{str(args.data)!r} lacks columns of the fit: {listed}.")
        frame = frame[list(names)]
    if hasattr(model, "predict_proba") and hasattr(model, "classes_"):
        chances = model.predict_proba(frame)
        best = model.classes_[chances.argmax(axis=1)]
        names = [f"probability_{label}" for label in model.classes_]
        found = pd.DataFrame(chances, columns=names)
        found.insert(0, "prediction", best)
    else:
        found = pd.DataFrame({"prediction": model.predict(frame)})
    if args.out is None:
        print(found.to_csv(index=False), end="")
    else:
        found.to_csv(args.out, index=False)
        tell(f"{len(found)} predictions are at {args.out.absolute()}")


def check_folder(out):
    """Raise before anything is done if there is no folder to write into."""
    if out is not None and not out.absolute().parent.is_dir():
        raise ValueError(f"--out: there is no folder {out.absolute().parent}.")


def read_task(args):
    """Return rows, targets, the class of the estimator, and where media files are."""
    frame, root = read_data(args.data)
    frame = drop_columns(frame, args.drop)
    check_column(args.target, frame, "--target")
    y = frame[args.target]
    missing = y.isna()
    if missing.all():
        raise ValueError(f"--target: the column {args.target!r} has no value.")
    if missing.any():
        tell(f"{missing.sum()} of {len(y)} rows have no {args.target!r}: left out.")
    X, y = frame.loc[~missing].drop(columns=args.target), y[~missing]
    X, y = X.reset_index(drop=True), y.to_numpy()

    from skmm import MultimodalClassifier, MultimodalRegressor

    is_classes = args.task == "classification"
    if args.task == "auto":
        is_classes = are_classes(y)
        kind = "classes" if is_classes else "numbers"
        tell(f"{args.target!r} is read as {kind}; --task says otherwise.")
    cls = MultimodalClassifier if is_classes else MultimodalRegressor
    return X, y, cls, root


def read_data(path):
    """Return a table, and the folder to which its paths are relative.

    A folder with one table stands for the table. Any other is a table of its media
    files: ``file``, and ``folder`` where they lie in folders below.

    Parameters
    ----------
    path : Path

    Returns
    -------
    frame : DataFrame
    root : Path
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {str(path)!r}.")
    if not path.is_dir():
        return read_table(path), path.absolute().parent
    tables = [one for one in sorted(path.iterdir()) if one.suffix.lower() in TABLES]
    if len(tables) == 1:
        tell(f"Reading {tables[0]}")
        return read_table(tables[0]), path.absolute()
    if tables:
        names = ", ".join(one.name for one in tables)
        raise ValueError(f"{str(path)!r} has several tables: {names}. Name one.")
    return list_files(path), path.absolute()


def read_table(path):
    """Read a CSV or Parquet file."""
    import pandas as pd

    suffix = path.suffix.lower()
    if suffix not in TABLES:
        raise ValueError(
            f"{path.name!r} is not a table that skmm reads: {', '.join(TABLES)}."
        )
    try:
        if suffix in (".parquet", ".pq"):
            from skmm._utils.optional import optional_import

            optional_import("pyarrow", "datasets")
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, sep=find_separator(path))
    except (ValueError, OSError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as a table: {error}") from error
    # The row numbers that DataFrame.to_csv writes say nothing.
    first = frame.columns[0] if frame.shape[1] else None
    if first == "Unnamed: 0" and frame[first].tolist() == list(range(len(frame))):
        tell("The first column counts the rows: left out.")
        frame = frame.drop(columns=first)
    return frame


def find_separator(path):
    """Return what separates the columns: the sign that the head has most of."""
    with open(path, encoding="utf-8-sig") as file:
        head = file.readline()
    return max(",;\t|", key=head.count)


def list_files(folder):
    """Return a table of the pictures, sounds and clips in a folder."""
    import pandas as pd

    from skmm.modalities import KINDS

    known = {f".{one}" for kind in KINDS.values() for one in kind.extensions.split()}
    paths = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in known
    ]
    if not paths:
        raise ValueError(
            f"the folder {str(folder)!r} has neither a table ({', '.join(TABLES)}) nor "
            "pictures, sounds or clips."
        )
    columns = {"file": [str(path) for path in paths]}
    if any(len(path.parts) > 1 for path in paths):
        columns["folder"] = [str(path.parent) for path in paths]
    return pd.DataFrame(columns)


def drop_columns(frame, names):
    """Leave columns out."""
    for name in names:
        check_column(name, frame, "--drop")
    return frame.drop(columns=names)


def check_column(name, frame, option):
    """Raise for a column that there is not, and propose the nearest."""
    from skmm._utils.names import did_you_mean

    labels = [str(label) for label in frame.columns]
    if name not in labels:
        raise ValueError(
            f"{option}: there is no column {name!r}.{did_you_mean(name, labels)} "
            f"There are: {', '.join(labels)}."
        )


def are_classes(y):
    """Tell whether a target is one of classes rather than of amounts."""
    import numpy as np
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(y) or y.dtype == bool:
        return True
    values = np.unique(y)
    return len(values) <= MOST_CLASSES and bool((values == np.round(values)).all())


def tell(message):
    """Print what is worth knowing beside the result."""
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def short_warnings():
    """Print a warning as one line, once, without the place in the code."""
    told = set()

    def show(message, *args, **kwargs):
        if str(message) not in told:
            told.add(str(message))
            tell(f"Warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


if __name__ == "__main__":
    sys.exit(main())
