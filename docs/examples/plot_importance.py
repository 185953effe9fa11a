"""
What does each modality bring?
==============================

A fitted model is asked, without fitting it again, how much of its score it owes to each
modality, to pairs of modalities, to single columns, and to each modality of a row.
"""

# %%
# Three modalities: facts, a title and a body. What the facts say and what the two texts
# say adds up to the class.

from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=1500, n_text=2, random_state=0)
modalities = [
    ("facts", "tabular", list(X.columns[:6])),
    ("title", "text", ["text_0"]),
    ("body", "text", ["text_1"]),
]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = MultimodalClassifier(
    modalities, fusion="gated", modality_dropout=0.3, random_state=0
).fit(X_train, y_train)

# %%
# Shapley values share out what the model gains beyond its baseline. Bars are intervals
# over resampled rows. Probabilities move before labels do, so the log-loss is a better
# score here than the accuracy.

import matplotlib.pyplot as plt

from skmm.inspection import ModalityImportanceDisplay, modality_importance

result = modality_importance(
    model, X_test, y_test, scoring="neg_log_loss", random_state=0
)
ModalityImportanceDisplay.from_importances(result)
plt.show()

# %%
# The interaction of two modalities is negative if they say the same thing, and positive
# if they bring more together than each of them alone. Here it is positive: the class is
# decided by a sum, and a part of it says little about the whole.

import pandas as pd

pd.DataFrame(result.interactions, index=result.names, columns=result.names).round(3)

# %%
# Columns instead of modalities:

columns = modality_importance(
    model,
    X_test,
    y_test,
    level="column",
    scoring="neg_log_loss",
    random_state=0,
)
pd.Series(columns.importances_mean, columns.names).sort_values().round(3)

# %%
# What the gates of the fusion gave to each modality, for the first three rows. A large
# weight is not an importance: it may multiply something small.

from skmm.inspection import fusion_weights

fusion_weights(model, X_test.head(3)).round(2)
