"""
A table with a column of text
=============================

The class is in the sum of what the table says and what the text says, so that each
alone knows half of it. One estimator reads both.
"""

# %%
# Four numbers, two categories and a text:

from sklearn.model_selection import train_test_split

from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=1500, noise=0.1, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X.head(3)

# %%
# What each column was detected to be, and why:

from skmm import detect_modalities

detected = detect_modalities(X)
detected

# %%
# Each modality alone, by dropping the other, and both:

from skmm import MultimodalClassifier

scores = {}
for label, dropped in [
    ("text alone", {"tabular": "drop"}),
    ("table alone", {"text": "drop"}),
    ("both", {}),
]:
    model = MultimodalClassifier(detected.to_list(), random_state=0)
    model.set_params(**dropped).fit(X_train, y_train)
    scores[label] = model.score(X_test, y_test)
scores

# %%
# A tenth of the labels was drawn anew, so no model can be right in more than 95 %
# of the rows.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 2.2), layout="constrained")
bars = axes.barh(list(scores), list(scores.values()), color="#29abe2")
axes.bar_label(bars, fmt="%.3f", padding=3)
axes.axvline(0.95, color="gray", linestyle=":")
axes.set(xlim=(0.5, 1), xlabel="accuracy on held-out rows (0.5 is chance)")
plt.show()

# %%
# The fitted model shows its modalities side by side:

model
