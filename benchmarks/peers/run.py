"""The race: this package beside others, on the same splits, each in its environment.

    make peers

or, by hand, with environments under a folder ENVS and splits under DATA
(see prepare.py):

    python benchmarks/peers/run.py ENVS DATA docs/peers.csv
        [--lines linear catboost skmm ...] [--tasks A B ...] [--seeds 0 1 2]
        [--limit 1800]

What runs where
---------------
A peer is a script ``with_NAME.py`` beside this one and a list of requirements
``requirements/NAME.txt``, from which the Makefile makes the environment ``ENVS/NAME``;
a script has one line or more (``LINES`` below), of which those that take an hour and
more (``LONG``) run only when they are named. A fit runs in a process of its own on
one thread, with the hubs of models switched off, and is told nothing but the columns
that are texts. Pictures and sounds are read by those lines that can; the others get
what is measured of them (see prepare.py).

What is measured
----------------
One row of the CSV a line and split: log-loss, accuracy and, for two classes, area under
the ROC curve, or R2 of a number; CPU and wall seconds of fitting and of predicting the
test rows (the packages are imported before); the most memory that the process had, with
the frames and the imports; the size of the environment; versions, date and cores. A
line that fails or takes longer than ``--limit`` seconds has its error in place of
scores. Compare CPU seconds: wall seconds depend on who else uses the machine. Rows that
are there already are not run again: delete them from the file first.

``collect.py`` makes the tables and the figure from the CSV alone.

What is not here
----------------
Tried on 2026-11-28 where no hub of models is reached: TabICL 2.2.0 and TabSTAR 1.2.2
look for their weights on a hub when they are fitted (LocalEntryNotFoundError), TabPFN
9.2.0 for gated ones (TabPFNHuggingFaceGatedRepoError); the packages carry none. Ludwig
0.17.10 needs Python 3.12. AutoGluon's MultiModal, whose networks are on a hub, was not
tried.
"""

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

#: The peer of each line.
LINES = {
    "linear": "sklearn",
    "boosting": "sklearn",
    "skrub": "skrub",
    "skrub_minhash": "skrub",
    "skrub_gap": "skrub",
    "skrub_minilm": "skrub",
    "catboost": "catboost",
    "widedeep": "widedeep",
    "frame": "frame",
    "autogluon_medium": "autogluon",
    "autogluon_best": "autogluon",
    "skmm": "skmm",
    "skmm_pretrained": "skmm",
    "skmm_measures": "skmm",
}
#: Lines that run if they are named.
LONG = ("skrub_gap", "autogluon_best")
#: Whose versions are written down, as far as an environment has them.
PACKAGES = (
    *("skmm", "scikit-learn", "skrub", "catboost", "pytorch-widedeep", "pytorch-frame"),
    *("autogluon.tabular", "lightgbm", "xgboost-cpu", "torch", "sentence-transformers"),
    *("pandas", "numpy"),
)
KEYS = ("task", "seed", "line")
COLUMNS = (
    *KEYS,
    *("log_loss", "accuracy", "auc", "r2"),
    *("fit_cpu", "fit_wall", "predict_cpu", "predict_wall"),
    *("peak_mib", "installed_mib", "versions", "python", "cores", "date", "error"),
)
#: The short ones first.
TASKS = (
    *("drama", "icons", "emoji", "voice", "spam", "cards"),
    *("california", "adult", "B", "C", "A", "movielens"),
)
#: One thread, and no hub.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONPATH": os.fspath(HERE.parent),
}


def main(envs, data, table, lines, tasks, seeds, limit):
    there = set()
    if table.exists():
        with table.open(newline="") as file:
            there = {tuple(row[key] for key in KEYS) for row in csv.DictReader(file)}
    else:
        table.write_text(",".join(COLUMNS) + "\n")
    told = {}
    for task in tasks:
        for seed in seeds:
            for line in lines:
                if (task, str(seed), line) in there:
                    continue
                peer = LINES[line]
                if peer not in told:
                    told[peer] = describe(envs / peer)
                row = {"task": task, "seed": seed, "line": line, **told[peer]}
                row |= run(envs / peer, peer, line, data / f"{task}-{seed}", limit)
                # At once: a run that is stopped goes on where it was.
                with table.open("a", newline="") as file:
                    csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
                print(task, seed, line, row.get("error") or shown(row), flush=True)


def run(env, peer, line, folder, limit):
    """Run one line on one split; return its figures, or its error."""
    command = [python_of(env), HERE / f"with_{peer}.py", line, folder]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **SETTINGS},
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {limit} s"}
    for text in done.stdout.splitlines():
        if text.startswith("RESULT "):
            found = json.loads(text.removeprefix("RESULT "))
            return {key: f"{value:.5g}" for key, value in found.items()}
    last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return {"error": last[:300]}


def describe(env):
    """Return versions and size of an environment, date and cores."""
    code = (
        "import importlib.metadata as m, platform, sys"
        "\nprint(platform.python_version())"
        "\nfor p in sys.argv[1:]:"
        "\n try: print(p, m.version(p))"
        "\n except m.PackageNotFoundError: pass"
    )
    found = subprocess.run(
        [python_of(env), "-c", code, *PACKAGES],
        capture_output=True,
        text=True,
        check=True,
    )
    python, *versions = found.stdout.splitlines()
    files = (path for path in env.rglob("*") if not path.is_symlink())
    size = sum(path.stat().st_size for path in files if path.is_file())
    return {
        "installed_mib": f"{size / 2**20:.0f}",
        "versions": "; ".join(versions),
        "python": python,
        "cores": len(os.sched_getaffinity(0)),
        "date": datetime.date.today().isoformat(),
    }


def python_of(env):
    return env / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def shown(row):
    keys = ("log_loss", "accuracy", "auc", "r2", "fit_cpu", "predict_cpu", "peak_mib")
    return ", ".join(f"{key} {row[key]}" for key in keys if row.get(key))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("envs", type=lambda path: Path(path).absolute())
    parser.add_argument("data", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument(
        "--lines",
        nargs="+",
        choices=LINES,
        default=[line for line in LINES if line not in LONG],
    )
    parser.add_argument(
        "--tasks",
        nargs="+",
        default=TASKS,
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--limit", type=float, default=3600, help="seconds a fit")
    main(**vars(parser.parse_args()))
