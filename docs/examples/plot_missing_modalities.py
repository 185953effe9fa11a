"""
Rows without their text
=======================

A row may lack a modality altogether. Nothing is imputed: the fusion is told, and goes
by what is there. How well it does so depends on the fusion, and on whether it has
practised: ``modality_dropout`` hides modalities at random in training.
"""

# %%
# The class is in the sum of what table and text say. All training rows are whole; the
# text is taken away from more and more of the held-out rows.

import numpy as np
from sklearn.model_selection import train_test_split

from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=1500, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

shares = [0.0, 0.25, 0.5, 0.75, 1.0]
order = np.random.default_rng(0).permutation(len(X_test))
X_gaps = []
for share in shares:
    without_text = X_test.copy()
    rows = X_test.index[order[: int(share * len(X_test))]]
    without_text.loc[rows, "text_0"] = None
    X_gaps.append(without_text)

# %%
# Three fusions, each with and without dropout of modalities. ``heads=["fused"]`` leaves
# the fused head alone, so that it is the fusion which is compared.

import pandas as pd

from skmm import MultimodalClassifier

scores = {}
for fusion in ["product", "sum", "gated"]:
    for dropout in [0.0, 0.3]:
        model = MultimodalClassifier(
            fusion=fusion,
            modality_dropout=dropout,
            heads=["fused"],
            max_epochs=15,
            random_state=0,
        ).fit(X_train, y_train)
        scores[fusion, dropout] = [model.score(some, y_test) for some in X_gaps]
table = pd.DataFrame(scores, index=pd.Index(shares, name="share without text")).round(3)
table

# %%

import matplotlib.pyplot as plt

figure, axes = plt.subplots(
    1, 3, figsize=(8, 3), sharex=True, sharey=True, layout="constrained"
)
for ax, fusion in zip(axes, ["product", "sum", "gated"]):
    for dropout, color in [(0.0, "#9aa5b1"), (0.3, "#29abe2")]:
        label = f"modality_dropout={dropout}"
        ax.plot(shares, table[fusion, dropout], marker="o", label=label, color=color)
    ax.axhline(0.5, color="gray", linestyle=":")
    ax.set(title=fusion, xlabel="share without text")
axes[0].set(ylabel="accuracy (0.5 is chance)")
axes[0].legend(fontsize="small", loc="lower left")
plt.show()

# %%
# All fall towards what the table alone can tell. ``sum`` and ``gated`` get there by
# themselves: what is absent is left out of the sum, or has its gate shut, and the rest
# is what it was. Dropout gains them nothing here. In ``product`` an absent modality is
# a factor of 1, and what is left is no longer what the layers after it have learned to
# read: it falls far below chance, until it has seen such rows in training.
#
# By default a wide head stands beside the fused one. It adds nothing for what is
# absent, and so makes good a part of such a fall.
#
# A row that lacks everything gets the classes' shares in the training rows:

nothing = X.iloc[:1].assign(**dict.fromkeys(X.columns))
model.predict_proba(nothing)
