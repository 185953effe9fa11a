"""
Rows without their text
=======================

A row may lack a whole modality. Nothing needs to be imputed: the fusion knows what is
missing, and uses the rest. How well this works depends on the fusion, and on whether it
was trained for it: ``modality_dropout`` hides modalities at random in the training.
"""

# %%
# What the table and the text say adds up to the class. All training rows are complete;
# the text is removed from more and more of the held-out rows.

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
# Three fusions, each with and without dropout of modalities. ``heads=["fused"]`` takes
# the fused head alone, so that only the fusions differ.

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
    for dropout, color in [(0.0, "#9aa5b1"), (0.3, "#0072B2")]:
        label = f"modality_dropout={dropout}"
        ax.plot(shares, table[fusion, dropout], marker="o", label=label, color=color)
    ax.axhline(0.5, color="gray", linestyle=":")
    ax.set(title=fusion, xlabel="share without text")
axes[0].set(ylabel="accuracy (0.5 is chance)")
axes[0].legend(fontsize="small", loc="lower left")
plt.show()

# %%
# All of them fall towards what the table alone can tell. ``sum`` and ``gated`` do so
# without any help: an absent modality is left out of the sum, or its gate is closed,
# and the rest stays what it was. Dropout of modalities gains little there. In
# ``product``, an absent modality counts as a factor of 1, and the layers behind it have
# never seen what is left. Its score falls much further, unless such rows were seen in
# the training.
#
# By default, other heads are mixed with the fused one. The linear ones add nothing for
# a modality that is absent, which makes up for a part of such a fall.
#
# A row that lacks everything gets the shares of the classes in the training rows:

nothing = X.iloc[:1].assign(**dict.fromkeys(X.columns))
model.predict_proba(nothing)
