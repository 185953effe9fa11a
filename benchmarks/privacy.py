"""What does differential privacy cost on the adult data, and is the promise kept?

Epsilon 3, delta 1e-5, random splits of 80/20. What private models read is declared:
edges of bins of numbers, as one may know them from the form, and the categories that it
offers (taken from the file here, which has all of them). Two fits of a private model
differ, since nobody keeps the seed of their noise.
Prints one table, a line for each model:

- default: MultimodalClassifier() without privacy, the mixture of all heads;
- linear bound: LogisticRegression on the declared features, without privacy;
- net: the fused head that is trained privately below, linear in its features, without
  privacy;
- private net: the same with privacy=PrivacySpec(3, 1e-5, classes=...);
- private logistic regression: nn.Linear on the same features, by Opacus' own
  GradSampleModule and DPOptimizer;
- decision tree: on the same features, grown until it knows all rows.

"guesses" and "epsilon >=" are of membership_audit on the training rows of the first
split: 100 canaries, 50 guesses, a lower bound with 95 % confidence.

Usage: python benchmarks/privacy.py [--splits 3] [--epsilon 3] [--epochs 60]
    [--lines "private net" ...]
"""

import argparse
import time
import warnings

import numpy as np
import torch
from _common import environment, markdown_table
from opacus import GradSampleModule
from opacus.accountants.utils import get_noise_multiplier
from opacus.optimizers import DPOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmm import MultimodalClassifier
from skmm.datasets import fetch_adult
from skmm.encoders import DeclaredTableEncoder
from skmm.inspection import membership_audit
from skmm.privacy import PrivacySpec

DELTA = 1e-5
BATCH_SIZE = 2048
#: The number of features, which leaves no place for hidden units: with any, noise took
#: more than they gave.
WIDTH = 200
#: What the form and the law say: retirement, school years, full and half time, and
#: amounts of which most are 0.
RANGES = {
    "age": [17, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 90],
    "fnlwgt": [0, 500_000],
    "educational-num": list(range(1, 17)),
    "capital-gain": [0, 1, 2e3, 3e3, 4e3, 5e3, 7e3, 8e3, 1e4, 1.5e4, 2e4, 1e5],
    "capital-loss": [0, 1, 1e3, 1.5e3, 1.7e3, 1.8e3, 1.9e3, 2e3, 2.2e3, 2.5e3, 5e3],
    "hours-per-week": [1, 20, 30, 35, 39, 40, 41, 45, 50, 55, 60, 80, 99],
}
CLASSES = ["<=50K", ">50K"]


def encoder(categories):
    """Return the encoder of the private models."""
    return DeclaredTableEncoder(RANGES, categories, pass_through=True)


def net(categories, columns, seed, **options):
    """Return the network, without what is left out in a private training."""
    return MultimodalClassifier(
        [("table", encoder(categories), columns)],
        heads=["fused"],
        width=WIDTH,
        depth=0,
        dropout=0.0,
        random_state=seed,
        **options,
    )


def private_net(categories, columns, seed, args):
    """Return the network, trained privately."""
    return net(
        categories,
        columns,
        seed,
        privacy=PrivacySpec(args.epsilon, DELTA, classes=CLASSES),
        batch_size=BATCH_SIZE,
        max_epochs=args.epochs,
        learning_rate=0.1,
        learning_rate_schedule="linear",
        weight_decay=0.0,
    )


class PrivateLogisticRegression(ClassifierMixin, BaseEstimator):
    """Logistic regression by Opacus; settings were tried on the first split."""

    def __init__(self, epsilon=3.0, epochs=60, learning_rate=0.1, max_grad_norm=1.0):
        self.epsilon = epsilon
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.max_grad_norm = max_grad_norm

    def fit(self, X, y):
        """Train by noisy gradients, with the same budget as the network."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        X, codes = torch.from_numpy(X), torch.from_numpy(codes).float()
        rate = BATCH_SIZE / len(X)
        n_steps = self.epochs * round(1 / rate)
        sigma = get_noise_multiplier(
            target_epsilon=self.epsilon,
            target_delta=DELTA,
            sample_rate=rate,
            steps=n_steps,
            accountant="prv",
        )
        module = torch.nn.Linear(X.shape[1], 1)
        torch.nn.init.zeros_(module.weight)
        model = GradSampleModule(module)
        optimizer = DPOptimizer(
            torch.optim.Adam(model.parameters(), lr=self.learning_rate),
            noise_multiplier=sigma,
            max_grad_norm=self.max_grad_norm,
            expected_batch_size=BATCH_SIZE,
        )
        for step in range(n_steps):
            rows = torch.nonzero(torch.rand(len(X)) < rate)[:, 0]
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * (1 - step / n_steps)
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(
                model(X[rows])[:, 0], codes[rows]
            ).backward()
            optimizer.step()
        self.module_ = module.requires_grad_(False)
        return self

    def predict_proba(self, X):
        """Predict the probability of each class."""
        p = torch.sigmoid(self.module_(torch.from_numpy(X))[:, 0]).numpy()
        return np.stack([1 - p, p], axis=1)

    def predict(self, X):
        """Predict classes."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def on_features(estimator, categories):
    """Return an estimator that reads what is declared as one array."""

    def features(X):
        reader = encoder(categories)
        # Of each column, without the factor that is meant for a penalty.
        found = reader.linear_features(reader.fit_transform(X))
        return found * np.float32(np.sqrt(X.shape[1]))

    return make_pipeline(FunctionTransformer(features), estimator)


def make_lines(categories, columns, args):
    """Return for each line a function from a seed, and if it is audited."""
    return {
        "default": (lambda seed: MultimodalClassifier(random_state=seed), False),
        "linear bound": (
            lambda seed: on_features(LogisticRegression(max_iter=1000), categories),
            False,
        ),
        "net": (lambda seed: net(categories, columns, seed), True),
        "private net": (
            lambda seed: private_net(categories, columns, seed, args),
            True,
        ),
        "private logistic regression": (
            lambda seed: on_features(
                PrivateLogisticRegression(args.epsilon, args.epochs), categories
            ),
            False,
        ),
        "decision tree": (
            lambda seed: on_features(
                DecisionTreeClassifier(random_state=seed), categories
            ),
            True,
        ),
    }


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--epsilon", type=float, default=3.0)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--lines", nargs="*")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print(environment(), "\n")
    X, y = fetch_adult(return_X_y=True)
    categories = {
        column: sorted(X[column].dropna().unique())
        for column in X
        if column not in RANGES
    }
    rows = []
    for name, (make, is_audited) in make_lines(categories, list(X), args).items():
        if args.lines and name not in args.lines:
            continue
        accuracies, areas, seconds = [], [], time.process_time()
        for seed in range(args.splits):
            torch.manual_seed(seed)
            X_train, X_test, y_train, y_test = train_test_split(
                X, y, test_size=0.2, stratify=y, random_state=seed
            )
            model = make(seed).fit(X_train, y_train)
            accuracies.append(model.score(X_test, y_test))
            p = model.predict_proba(X_test)[:, 1]
            areas.append(roc_auc_score(y_test == CLASSES[1], p))
        seconds = (time.process_time() - seconds) / args.splits
        spent = getattr(model, "privacy_", None)
        epsilon = "none" if spent is None else f"{spent.epsilon:.3f}"
        if "private logistic" in name:
            epsilon = f"{args.epsilon:g}"
        guesses = bound = ""
        if is_audited:
            audit = membership_audit(
                make(0),
                *train_test_split(X, y, test_size=0.2, random_state=0)[::2],
                delta=DELTA,
                random_state=0,
            )
            guesses = f"{audit.n_correct} of {audit.n_guesses}"
            bound = f"{audit.epsilon:.2f}"
        rows.append(
            {
                "model": name,
                "epsilon": epsilon,
                "accuracy": f"{np.mean(accuracies):.4f} ± {np.std(accuracies):.4f}",
                "ROC AUC": f"{np.mean(areas):.4f}",
                "CPU s": f"{seconds:.0f}",
                "guesses": guesses,
                "epsilon >=": bound,
            }
        )
        print(rows[-1], flush=True)
    print("\n" + markdown_table(rows))


if __name__ == "__main__":
    main()
