"""Tables and the figure of the race, from the CSV that run.py wrote.

    python benchmarks/peers/collect.py docs/peers.csv [--figure docs/_static/peers]
        [--against skmm]

Prints what each line reached on each task, beside what ``--against`` reached on the
same splits, how that one stands beside each other line, and what the environments
weigh. The figure is of the splits that all lines of a task have. Needs skmm and
matplotlib, none of the peers.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.append(os.fspath(Path(__file__).resolve().parents[1]))

from _common import markdown_table
from run import LINES, TASKS

from skmm._utils.svg import COLORS, MARKS

SAME = "same splits"
FIGURES = ("fit_cpu", "predict_cpu", "peak_mib")


def main(table, figure, against):
    rows = pd.read_csv(table)
    failed = rows[rows["error"].notna()]
    rows = rows[rows["error"].isna()]
    print(tell_origin(rows))
    means = average(rows, against)
    print(markdown_table([show(one, against) for one in means.to_dict("records")]))
    print(markdown_table(list(compare(rows, against))))
    print(markdown_table(list(weigh(rows))))
    for row in failed.to_dict("records"):
        print(f"{row['task']}, split {row['seed']}, {row['line']}: {row['error']}")
    if figure:
        draw(average(keep_common(rows), against), figure)


def tell_origin(rows):
    """Return dates, Python and cores in a line."""
    dates = sorted(set(rows["date"]))
    between = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{between}; Python {rows['python'].iloc[0]}; {rows['cores'].iloc[0]} cores"


def average(rows, against):
    """Return means by task and line, in the order in which they are listed."""
    rows = rows.assign(primary=rows["log_loss"].fillna(rows["r2"]))
    ours = rows[rows["line"] == against].set_index(["task", "seed"])["primary"]
    rows = rows.join(ours.rename(SAME), on=["task", "seed"])
    numbers = ["log_loss", "accuracy", "auc", "r2", SAME, *FIGURES]
    grouped = rows.groupby(["task", "line"])
    means = grouped[numbers].mean()
    means["splits"] = grouped.size()
    order = {name: i for i, name in enumerate((*TASKS, *LINES))}
    return means.reset_index().sort_values(
        ["task", "line"], key=lambda column: column.map(order)
    )


def keep_common(rows):
    """Return the rows of those splits of a task that all its lines have."""
    kept = []
    for _, some in rows.groupby("task"):
        seeds = set.intersection(*some.groupby("line")["seed"].agg(set))
        kept.append(some[some["seed"].isin(seeds)])
    return pd.concat(kept)


def show(row, against):
    """Return one row of the table of scores."""
    digits = {"fit_cpu": ".1f", "predict_cpu": ".2f", "peak_mib": ".0f", "splits": "d"}
    names = {
        "log_loss": "log-loss",
        "auc": "ROC AUC",
        "r2": "R²",
        SAME: f"{against}, same splits",
        "fit_cpu": "fit CPU s",
        "predict_cpu": "predict CPU s",
        "peak_mib": "peak MiB",
    }
    return {
        names.get(key, key): value
        if isinstance(value, str)
        else ("" if np.isnan(value) else format(value, digits.get(key, ".3f")))
        for key, value in row.items()
    }


def compare(rows, against):
    """Yield how one line stands beside each other one, task by task."""
    loss = rows["log_loss"].fillna(-rows["r2"])  # of a number: less R2 is worse
    losses = rows.assign(loss=loss).pivot_table(
        index=["task", "seed"], columns="line", values="loss"
    )
    seconds = rows.pivot_table(index=["task", "seed"], columns="line", values="fit_cpu")
    for line in LINES:
        if line == against or line not in losses:
            continue
        ahead = (losses[line] - losses[against]).dropna()
        if ahead.empty:
            continue
        by_task = ahead.groupby("task", sort=False)
        means, errors = by_task.mean(), by_task.sem()
        behind = [
            f"{task} {-mean:.3f}" + ("" if np.isnan(error) else f" (s.e. {error:.3f})")
            for task, mean, error in zip(means.index, means, errors)
            if mean < 0
        ]
        ratio = (seconds[line] / seconds[against]).loc[ahead.index].groupby("task")
        yield {
            "line": line,
            f"{against} ahead": f"{(means > 0).sum()} of {len(means)} tasks, "
            f"{(ahead > 0).sum()} of {len(ahead)} splits",
            "behind (log-loss, R²)": ", ".join(behind),
            f"CPU s of its fit / {against}": f"{ratio.mean().median():.1f}",
        }


def weigh(rows):
    """Yield the size and the versions of the environment of each peer."""
    rows = rows.assign(peer=rows["line"].map(LINES))
    for peer, some in rows.groupby("peer", sort=False):
        last = some.iloc[-1]
        yield {
            "environment": peer,
            "MiB": f"{last['installed_mib']:.0f}",
            "versions": last["versions"],
        }


def draw(means, path):
    """Save the scores against the CPU seconds of the fits, a panel a task."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    tasks = list(dict.fromkeys(means["task"]))
    lines = [line for line in LINES if line in set(means["line"])]
    # This package first, so that it has the first colour.
    lines.sort(key=lambda line: not line.startswith("skmm"))
    looks = {
        line: dict(color=COLORS[i % len(COLORS)], marker=MARKS[i % len(MARKS)])
        for i, line in enumerate(lines)
    }
    columns = min(4, len(tasks))
    n_rows = -(-len(tasks) // columns)
    figure, axes = plt.subplots(
        n_rows,
        columns,
        figsize=(2.6 * columns, 2.1 * n_rows + 0.6),
        layout="constrained",
        squeeze=False,
    )
    # Whole decades on all panels: few points of one do not tell where they are.
    low, high = np.log10([means["fit_cpu"].min(), means["fit_cpu"].max()])
    limits = 10 ** np.floor(low), 10 ** np.ceil(high)
    for ax, task in zip(axes.flat, tasks):
        some = means[means["task"] == task]
        for row in some.to_dict("records"):
            of_number = np.isnan(row["log_loss"])
            score = row["r2"] if of_number else row["log_loss"]
            ours = row["line"].startswith("skmm")
            ax.plot(
                row["fit_cpu"],
                score,
                linestyle="",
                markersize=9 if ours else 6,
                zorder=3 if ours else 2,
                label=row["line"],
                **looks[row["line"]],
            )
        ax.set_xscale("log")
        ax.set_xlim(limits)
        ax.set_title(f"{task} ({'R²' if of_number else 'log-loss'})", fontsize=9)
        ax.tick_params(labelsize=7)
        ax.grid(alpha=0.3)
        if not of_number:
            ax.invert_yaxis()
    for ax in axes.flat[len(tasks) :]:
        ax.set_axis_off()
    handles = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    figure.legend(
        [handles[line] for line in lines],
        lines,
        loc="outside lower center",
        ncols=5,
        fontsize=8,
        frameon=False,
    )
    figure.supxlabel("CPU seconds of a fit", fontsize=9)
    figure.supylabel("score: up is better", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--figure", help="the picture to write, as figure.png")
    parser.add_argument("--against", default="skmm", choices=LINES)
    main(**vars(parser.parse_args()))
