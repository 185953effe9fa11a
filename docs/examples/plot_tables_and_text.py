"""
A table with a column of text
=============================

The table says one half of what decides the class, and the text says the other half. One
estimator reads both.
"""

# %%
# Four numbers, two categories and a text:

from sklearn.model_selection import train_test_split

from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=1500, noise=0.1, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X.head(3)

# %%
# What kind each column was found to be, and why:

from skmm import detect_modalities

detected = detect_modalities(X)
detected

# %%
# Each modality alone, by dropping the other, and then both:

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
# One label in ten was replaced by a random one, so no model can be right in more than
# 95 % of the rows.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 2.2), layout="constrained")
bars = axes.barh(list(scores), list(scores.values()), color="#0072B2")
axes.bar_label(bars, fmt="%.3f", padding=3)
axes.axvline(0.95, color="gray", linestyle=":")
axes.set(xlim=(0.5, 1), xlabel="accuracy on held-out rows (0.5 is chance)")
plt.show()

# %%
# A fitted model is shown as a diagram; each box opens with a click:

model
