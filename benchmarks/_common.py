"""What the benchmark scripts share."""

import datetime
import importlib.metadata
import os
import platform


def environment():
    """One line: date, versions, cores."""
    packages = ("scikit-learn", "torch", "skorch", "pandas", "numpy")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    import torch

    cores = len(os.sched_getaffinity(0))
    return (
        f"{datetime.date.today()}; Python {platform.python_version()}, {versions}; "
        f"{cores} cores, {torch.get_num_threads()} torch threads"
    )


def markdown_table(rows):
    """Format a list of dicts with the same keys."""
    header = list(rows[0])
    cells = [header] + [[str(row[key]) for key in header] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines) + "\n"
