"""
Rows without their text
=======================

A row may lack a modality altogether. Nothing is imputed: the fusion is told, and goes
by what is there.
"""

# %%
# Two training sets from one source: one with whole rows, one in which 30 % of the rows
# lack their text and 30 % their table. Held-out rows are whole at first.

from sklearn.model_selection import train_test_split

from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=2000, random_state=0)
X_gaps, y_gaps = make_multimodal_classification(
    n_samples=2000, missing={"text": 0.3, "tabular": 0.3}, random_state=0
)
train, test = train_test_split(range(len(X)), random_state=0)

# %%
# The generator draws the gaps last, so the rows and their classes are the same:

(y == y_gaps).all()

# %%
# Fit on each, and take the text away from more and more of the held-out rows.

import numpy as np

from skmm import MultimodalClassifier

models = {
    "trained on whole rows": MultimodalClassifier(fusion="gated", random_state=0).fit(
        X.iloc[train], y[train]
    ),
    "trained with gaps": MultimodalClassifier(fusion="gated", random_state=0).fit(
        X_gaps.iloc[train], y[train]
    ),
}
shares = [0.0, 0.25, 0.5, 0.75, 1.0]
order = np.random.default_rng(0).permutation(len(test))
scores = {label: [] for label in models}
for share in shares:
    X_test = X.iloc[test].copy()
    X_test.loc[X_test.index[order[: int(share * len(test))]], "text_0"] = None
    for label, model in models.items():
        scores[label].append(model.score(X_test, y[test]))

# %%

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for (label, values), color in zip(scores.items(), ["#9aa5b1", "#29abe2"]):
    axes.plot(shares, values, marker="o", label=label, color=color)
axes.set(
    xlabel="share of held-out rows without text",
    ylabel="accuracy (0.5 is chance)",
    ylim=(0.5, 1),
)
axes.legend()
plt.show()

# %%
# Both models fall towards what the table alone can tell, and not below it. Having seen
# such rows in training gains nothing here: the gate of an absent modality is shut,
# whatever was learned. It costs a little on whole rows, since there was less text to
# learn from.
#
# A row that lacks everything gets the classes' shares in the training rows:

nothing = X.iloc[:1].assign(**dict.fromkeys(X.columns))
models["trained with gaps"].predict_proba(nothing)
