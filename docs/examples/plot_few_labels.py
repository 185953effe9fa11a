"""
Few labels, many rows without one
=================================

A hundred reviews have been read and labelled, and more than a thousand have not. What
can be learned from those without a label? Mostly what the words have to do with each
other: the estimators of :mod:`skmm.semi_supervised` learn the features of all rows, and
only then what a label has to do with them.
"""

# %%
# Is a product recommended? The labels of most rows are taken away: ``None`` marks them.

import numpy as np
from sklearn.model_selection import train_test_split

from skmm.datasets import fetch_womens_clothing

X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
X, X_test, y, y_test = train_test_split(
    X, y, train_size=1500, test_size=1500, stratify=y, random_state=0
)


def hide(y, n_labels):
    """Return labels of which all but the first ones are missing."""
    known = np.asarray(y, dtype=object)
    return np.where(np.arange(len(y)) < n_labels, known, None)


# %%
# The classifier of the labelled rows alone, and two that learn from all of them.
# Co-training has a model for each modality; here it does without a
# :class:`~skmm.MultimodalClassifier` among its members, to be quick.

import pandas as pd
from sklearn.metrics import roc_auc_score

from skmm import MultimodalClassifier
from skmm.semi_supervised import CoTrainingClassifier, SelfTrainingClassifier

found = []
for n_labels in (50, 100, 200):
    supervised = MultimodalClassifier(random_state=0).fit(X[:n_labels], y[:n_labels])
    known = hide(y, n_labels)
    models = {
        "labelled rows alone": supervised,
        "self-training": SelfTrainingClassifier(random_state=0).fit(X, known),
        "co-training": CoTrainingClassifier("drop", random_state=0).fit(X, known),
    }
    for name, model in models.items():
        auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
        found.append({"labels": n_labels, "model": name, "ROC AUC": auc})
table = pd.DataFrame(found).pivot(index="labels", columns="model", values="ROC AUC")
table.round(3)

# %%

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name in models:
    ax.plot(table.index, table[name], marker="o", label=name)
ax.set(xlabel="rows with a label", ylabel="ROC AUC on other rows", xscale="log")
ax.set_xticks([50, 100, 200], ["50", "100", "200"])
ax.minorticks_off()
ax.legend()

# %%
# Which rows to label next? :class:`~skmm.semi_supervised.ModalityDisagreement` chooses
# those on which the table and the text disagree.

from skmm.semi_supervised import ModalityDisagreement

rows = ModalityDisagreement(random_state=0).query(X, hide(y, 100), batch_size=3)
X.iloc[rows]
