"""Does fusing picture, name and numbers of the emoji help? The report, and its cost.

python benchmarks/fusion_report.py [--heads linear] [--cv 5]
"""

import argparse
import time

from _common import environment

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji
from skmm.model_selection import fusion_report


def main(heads, cv):
    X, y = fetch_emoji(return_X_y=True)
    model = MultimodalClassifier(heads=heads, pretrained=False, random_state=0)
    start = time.process_time()
    report = fusion_report(model, X, y, cv=cv, random_state=0)
    print(environment())
    print(report)
    print(f"{time.process_time() - start:.0f} CPU s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", nargs="+", default=["linear"])
    parser.add_argument("--cv", type=int, default=5)
    main(**vars(parser.parse_args()))
