"""
Which fusion? A grid search
===========================

Two problems with the same kind of table and text. In the first, what the two say adds
up to the class. In the second, only their interaction determines it (an exclusive or),
so that each alone is no better than chance.
"""

# %%
# The fusion is a parameter like any other, so scikit-learn's GridSearchCV works.
# :class:`~skmm.model_selection.FusionSearchCV` computes the same scores, but reads the
# rows of each fold only once for all candidates. It also scores the fused head alone
# (``bare``), beside the mixture of all heads, which is what the model predicts.

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
# If the parts add up, all fusions are close, also ``late``, which only adds. The
# mixture with the other heads then gains more than the choice of a fusion. ``late`` and
# linear models cannot learn the interaction, however many rows there are: that takes a
# product, or a layer behind the point where the modalities are joined.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
table.xs("bare", axis=1, level=1).plot.bar(
    ax=axes,
    yerr=table.xs("std", axis=1, level=1),
    color=["#9aa5b1", "#0072B2"],
    capsize=3,
    rot=0,
)
axes.axhline(0.5, color="gray", linestyle=":")
axes.set(ylim=(0.4, 1.05), ylabel="accuracy, mean and std of 2 folds")
axes.legend(title="the class is in their", loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# The cost: the seconds of a fit, those of them in which rows were turned into numbers
# (by the first candidate, for all of them), and how many parameters are trained.

columns = ["mean_fit_time", "mean_preparation_time", "mean_n_parameters"]
pd.DataFrame(found, index=fusions)[columns].round(2)
