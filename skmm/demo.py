"""The whole way on real data: ``python -m skmm.demo``.

Fetches clothing reviews, prints what each column was detected to be, and reports
whether fusing text and table helps: each alone, both by several fusions, and baselines,
on the same folds. Saves the picture and the report as a page.
"""

import argparse
import contextlib
import os
import sys
import textwrap
import time
from pathlib import Path

#: The article's number is a name, which arithmetic means nothing to.
KINDS = {"Clothing ID": "category"}


def parse_args(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m skmm.demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=6000, help="rows to sample")
    parser.add_argument("--folds", type=int, default=5, help="of the cross-validation")
    parser.add_argument("--n-jobs", type=int, default=1, help="folds at a time")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("skmm_demo.png"),
        help="where the picture goes; the page has the same name and ends in .html",
    )
    return parser.parse_args(argv)


def load_reviews(n_rows):
    """Fetch the reviews and sample some, with the classes' shares kept."""
    from sklearn.model_selection import train_test_split

    from skmm.datasets import fetch_womens_clothing

    X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
    if n_rows < len(X):
        X, _, y, _ = train_test_split(
            X, y, train_size=n_rows, stratify=y, random_state=0
        )
    return X, y


def make_report(X, y, folds, n_jobs):
    """Compare text and table alone, fusions of both, and baselines."""
    from skmm import MultimodalClassifier
    from skmm.model_selection import fusion_report

    with contextlib.redirect_stdout(sys.stderr):  # progress is not the result
        return fusion_report(
            MultimodalClassifier(kinds=KINDS, random_state=0),
            X,
            y,
            cv=folds,
            scoring="roc_auc",
            fusions=["gated", "attention"],
            random_state=0,
            n_jobs=n_jobs,
            verbose=1,
        )


def save_plot(report, path):
    """Draw the report."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    display = report.plot()
    question = f"Is the article recommended? {report.n_samples:,} clothing reviews"
    verdict = textwrap.fill(report.verdict, 80)
    display.figure_.suptitle(f"{question}\n{verdict}", fontsize="medium")
    display.ax_.set_xlabel("ROC AUC on held-out reviews (0.5 is chance)")
    display.figure_.savefig(path, dpi=110)
    plt.close(display.figure_)


def main(argv=None):
    """Run the demo; return the exit status."""
    # Before torch is loaded: waiting threads of several processes must not spin.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    args = parse_args(argv)

    from skmm import detect_modalities

    try:
        X, y = load_reviews(args.rows)
    except (OSError, ImportError) as error:
        print(f"The reviews could not be loaded.\n{error}", file=sys.stderr)
        return 1
    print(f"{len(X)} clothing reviews; {y.mean():.0%} recommend the article.\n")
    print(f"{detect_modalities(X, kinds=KINDS)}\n")
    print("Does fusing the text and the other columns help?", flush=True)

    start = time.perf_counter()
    report = make_report(X, y, args.folds, args.n_jobs)
    print(f"{time.perf_counter() - start:.0f} seconds.\n\n{report}\n")
    save_plot(report, args.output)
    page = args.output.with_suffix(".html")
    report.to_html(page)
    print(f"The picture is at {args.output.absolute()}, the page at {page.absolute()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
