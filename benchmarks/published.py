"""The published protocol on the clothing reviews: macro one-vs-rest AUROC of Rating.

Of the 23,486 rows 18,788 are drawn at random; fold f of 5 is a stratified subsample of
10,000 rows to train on and 1,878 to test on, with ``random_state = 42 + f``. All
columns are there, Recommended IND among them. Draw d takes fold d modulo 5.

    python benchmarks/published.py [--draws 10] [--pretrained auto True tuned]
"""

import argparse
import time

import numpy as np
from _common import environment, markdown_table
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_womens_clothing

N_DRAWN, N_TRAIN, N_TEST = 18_788, 10_000, 1_878


def draw_split(X, y, draw):
    """Return X_train, X_test, y_train, y_test of a draw."""
    rows = np.random.default_rng(draw).choice(len(X), N_DRAWN, replace=False)
    X, y = X.iloc[rows], y[rows]
    return train_test_split(
        X,
        y,
        train_size=N_TRAIN,
        test_size=N_TEST,
        stratify=y,
        random_state=42 + draw % 5,
    )


def main(draws, pretrained):
    frame = fetch_womens_clothing(target="rating").frame
    y = frame.pop("Rating").to_numpy()
    frame["Recommended IND"] = fetch_womens_clothing(target="recommended").target
    rows = []
    for option in pretrained:
        found = []
        for draw in range(draws):
            X_train, X_test, y_train, y_test = draw_split(frame, y, draw)
            model = MultimodalClassifier(
                pretrained={"True": True}.get(option, option), random_state=draw
            )
            start = time.process_time()
            model.fit(X_train, y_train)
            seconds = time.process_time() - start
            proba = model.predict_proba(X_test)
            found.append(
                (
                    roc_auc_score(y_test, proba, multi_class="ovr"),
                    log_loss(y_test, proba),
                    accuracy_score(y_test, model.classes_[proba.argmax(axis=1)]),
                    seconds,
                )
            )
            print(option, draw, *(f"{value:.4f}" for value in found[-1]), flush=True)
        auc, loss, accuracy, seconds = np.mean(found, axis=0)
        error = np.std(found, axis=0, ddof=1)[0] / np.sqrt(draws)
        rows.append(
            {
                "pretrained": option,
                "macro AUROC": f"{auc:.4f}",
                "s.e.": f"{error:.4f}",
                "log-loss": f"{loss:.3f}",
                "accuracy": f"{accuracy:.3f}",
                "CPU s": f"{seconds:.1f}",
            }
        )
    print("\n" + environment() + f"; {draws} draws")
    print(markdown_table(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument(
        "--pretrained",
        nargs="+",
        default=["auto", "True"],
        choices=["auto", "True", "tuned"],
    )
    main(**vars(parser.parse_args()))
