"""Does fusing picture, name and numbers of the emoji help? The report, and its cost.

python benchmarks/fusion_report.py [--heads linear] [--cv 5]
python benchmarks/fusion_report.py --defaults --plot docs/_static/emoji.png
"""

import argparse
import tempfile
import textwrap
import time

from _common import environment

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji
from skmm.io import ImageReader
from skmm.model_selection import fusion_report

#: Emoji of the picture, one of each category.
SHOWN = 9


def main(heads, cv, defaults, plot):
    X, y = fetch_emoji(return_X_y=True)
    options = {} if defaults else {"heads": heads, "pretrained": False}
    with tempfile.TemporaryDirectory() as memory:
        model = MultimodalClassifier(memory=memory, random_state=0, **options)
        start = time.process_time()
        report = fusion_report(model, X, y, cv=cv, random_state=0)
    print(environment())
    print(report)
    print(f"{time.process_time() - start:.0f} CPU s")
    if plot:
        save_plot(report, X, y, plot)


def save_plot(report, X, y, path):
    """Draw the report below some of the emoji.

    The ground is white, so that the picture can be read on a dark page too.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7.2, 5.2), layout="constrained", facecolor="white")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 3.6])
    pictures = above.subplots(1, SHOWN)
    read = ImageReader()
    for ax, (category, some) in zip(pictures, X.groupby(y)):
        row = some.sample(1, random_state=4)
        ax.imshow(read(row["image"].item()))
        ax.set_title(textwrap.fill(category, 9, break_long_words=False), fontsize=7)
        ax.set_axis_off()
    title = f"In which category is an emoji? {report.n_samples:,} emoji"
    above.suptitle(f"{title}\n{textwrap.fill(report.verdict, 80)}", fontsize="medium")
    display = report.plot(ax=below.subplots())
    display.ax_.set_xlabel("accuracy on held-out emoji")
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", nargs="+", default=["linear"])
    parser.add_argument("--cv", type=int, default=5)
    parser.add_argument(
        "--defaults",
        action="store_true",
        help="all heads, and the pretrained network that pictures have by default",
    )
    parser.add_argument("--plot", help="save a picture of the report to this file")
    main(**vars(parser.parse_args()))
