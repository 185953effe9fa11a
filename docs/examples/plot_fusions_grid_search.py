"""
Which fusion? A grid search
===========================

Two problems made of the same kind of table and text. In the first the class is in the
sum of what the two say; in the second only their interaction tells it (an exclusive
or), and each alone is at chance.
"""

# %%
# The fusion is a parameter like any other. ``mix=False`` leaves the fused head alone,
# so that the fusions are compared bare.

import pandas as pd
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

fusions = ["concat", "mean", "gated", "attention", "late"]
results = {}
for signal in ["sum", "interaction"]:
    X, y = make_multimodal_classification(n_samples=1200, signal=signal, random_state=0)
    search = GridSearchCV(
        MultimodalClassifier(mix=False, batch_size=64, random_state=0),
        {"fusion": fusions},
        cv=2,
        refit=False,
    ).fit(X, y)
    results[signal] = pd.DataFrame(
        {
            "mean": search.cv_results_["mean_test_score"],
            "std": search.cv_results_["std_test_score"],
        },
        index=fusions,
    )
table = pd.concat(results, axis=1).round(3)
table

# %%
# Where parts add up, all are close, and so is adding up (``late``). It cannot learn the
# interaction, whatever the data: that takes a layer after the modalities have met.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
table.xs("mean", axis=1, level=1).plot.bar(
    ax=axes,
    yerr=table.xs("std", axis=1, level=1),
    color=["#9aa5b1", "#29abe2"],
    capsize=3,
    rot=0,
)
axes.axhline(0.5, color="gray", linestyle=":")
axes.set(ylim=(0.4, 1.05), ylabel="accuracy, mean and std of 2 folds")
axes.legend(title="the class is in the", loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
