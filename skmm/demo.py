"""The whole way on real data: ``python -m skmm.demo``.

Fetches clothing reviews, prints what each column was detected to be, cross-validates
one modality alone and several fusions in one grid search, prints a table and the best
pipeline, and saves a plot.
"""

import argparse
import os
import sys

COLORS = {"alone": "#9aa5b1", "fused": "#29abe2"}


def parse_args(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m skmm.demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=6000, help="rows to sample")
    parser.add_argument("--folds", type=int, default=3, help="of the cross-validation")
    parser.add_argument("--n-jobs", type=int, default=1, help="fits at a time")
    parser.add_argument("--output", default="skmm_demo.png", help="where the plot goes")
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


def to_category(X, column):
    """Mark a column of numbers as names, which arithmetic means nothing to."""
    return X.assign(**{column: X[column].astype("category")})


def make_search(modalities, folds, n_jobs):
    """Build the grid search: each modality alone, then all of them by each fusion."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    from skmm import MultimodalClassifier

    pipeline = Pipeline(
        [
            (
                "ids",
                FunctionTransformer(to_category, kw_args={"column": "Clothing ID"}),
            ),
            ("model", MultimodalClassifier(modalities, random_state=0)),
        ]
    )
    grid = [
        {"model__text": ["drop"]},  # leaves the table
        {"model__tabular": ["drop"]},  # leaves the texts
        {"model__fusion": ["concat", "mean", "gated", "attention", "late"]},
    ]
    return GridSearchCV(
        pipeline,
        grid,
        scoring="roc_auc",
        error_score="raise",
        cv=StratifiedKFold(folds, shuffle=True, random_state=0),
        n_jobs=n_jobs,
    )


def watch(search):
    """Show live progress on a terminal; elsewhere bars are only noise."""
    if sys.stdout.isatty():
        from sklearn.callback import ProgressBar

        search.set_callbacks(ProgressBar(max_propagation_depth=0))


def make_table(search):
    """Return score, standard deviation over the folds and seconds a fit, best first."""
    import pandas as pd

    results = search.cv_results_
    table = pd.DataFrame(
        {
            "what": [_label(params) for params in results["params"]],
            "ROC AUC": results["mean_test_score"],
            "std": results["std_test_score"],
            "seconds": results["mean_fit_time"],
        }
    )
    return table.sort_values("ROC AUC", ascending=False, ignore_index=True)


def _label(params):
    if "model__text" in params:
        return "tabular alone"
    if "model__tabular" in params:
        return "text alone"
    return f"{params['model__fusion']} fusion"


def save_plot(table, rows, folds, path):
    """Draw the scores as bars, with the standard deviation over the folds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    table = table[::-1]  # the best on top
    colors = [COLORS["alone" if "alone" in what else "fused"] for what in table["what"]]
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    axes.barh(
        table["what"], table["ROC AUC"], xerr=table["std"], color=colors, capsize=3
    )
    for y, (score, std) in enumerate(zip(table["ROC AUC"], table["std"])):
        axes.text(score + std + 0.006, y, f"{score:.3f}", va="center")
    axes.set(
        xlim=(0.5, 1.0),
        xlabel=f"ROC AUC, mean and std of {folds} folds (0.5 is chance)",
        title=f"Is the article recommended? {rows:,} clothing reviews",
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(argv=None):
    """Run the demo; return the exit status."""
    # Before torch is loaded: waiting threads of several processes must not spin.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    args = parse_args(argv)

    from skmm import detect_modalities

    try:
        X, y = load_reviews(args.rows)
    except (OSError, ImportError) as error:
        print(f"The reviews are not to be had.\n{error}", file=sys.stderr)
        return 1
    print(f"{len(X)} clothing reviews; {y.mean():.0%} recommend the article.\n")

    detected = detect_modalities(X)
    print(f"{detected}\n")

    search = make_search(detected.to_list(), args.folds, args.n_jobs)
    watch(search)
    print(f"Cross-validating, {args.folds} folds ...", flush=True)
    search.fit(X, y)

    table = make_table(search)
    print(f"\n{table.to_string(index=False, float_format='{:.3f}'.format)}\n")
    scores = table["ROC AUC"]
    near = table["what"][scores >= scores[0] - table["std"][0]]
    print(f"Within one std of the best: {', '.join(near)}.\n")
    print(f"The best pipeline:\n{search.best_estimator_}\n")
    save_plot(table, len(X), args.folds, args.output)
    print(f"The plot is at {os.path.abspath(args.output)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
