"""
Which fusion? A grid search
===========================

Two problems made of the same kind of table and text. In the first the class is in the
sum of what the two say; in the second only their interaction tells it (an exclusive
or), and each alone is at chance.
"""

# %%
# The fusion is a parameter like any other, so GridSearchCV would do.
# :class:`~skmm.model_selection.FusionSearchCV` gives the same scores, reads each fold's
# rows once for all candidates, and scores the fused head alone too (``bare``), beside
# its mixture with the wide head.

import pandas as pd

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.model_selection import FusionSearchCV

fusions = ["product", "low_rank", "late"]
results = {}
for signal in ["sum", "interaction"]:
    X, y = make_multimodal_classification(n_samples=1000, signal=signal, random_state=0)
    search = FusionSearchCV(
        MultimodalClassifier(batch_size=64, max_epochs=50, random_state=0),
        fusions,
        cv=2,
        refit=False,
    ).fit(X, y)
    found = search.cv_results_
    results[signal] = pd.DataFrame(
        {
            "bare": found["mean_test_score_bare"],
            "std": found["std_test_score_bare"],
            "mixed": found["mean_test_score_mixed"],
        },
        index=fusions,
    )
table = pd.concat(results, axis=1).round(3)
table

# %%
# Where parts add up, all are close, and so is adding up (``late``); with 500 rows to
# learn from, the mixture with the linear wide head gains more than any choice among
# them. The interaction is beyond ``late`` and the linear head, whatever the data: it
# takes a product, or a layer after the modalities have met.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
table.xs("bare", axis=1, level=1).plot.bar(
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

# %%
# What it cost: seconds of a fit, those of them in which rows were turned into numbers
# (the first candidate's, for all), and the numbers that are trained.

columns = ["mean_fit_time", "mean_preparation_time", "mean_n_parameters"]
pd.DataFrame(found, index=fusions)[columns].round(2)
