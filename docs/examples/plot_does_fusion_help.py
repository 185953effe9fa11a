"""
Does fusion help?
=================

A model that reads two modalities is only worth its trouble if it predicts better than
the best model that reads one. ``fusion_report`` compares them on the same folds, with
baselines, and gives an answer that may also be "no" or "cannot tell".
"""

# %%
# In the first problem, the target is the sum of what the table and the text say. The
# linear head alone keeps this example short.

from skmm import MultimodalRegressor
from skmm.datasets import make_multimodal_regression
from skmm.model_selection import fusion_report

model = MultimodalRegressor(heads=["linear"], random_state=0)
X, y = make_multimodal_regression(n_samples=500, noise=0.3, random_state=0)
report = fusion_report(model, X, y, random_state=0)
report.verdict

# %%
# The picture has a line for each model: the point is the mean of the folds, the bar is
# its interval, and the small strokes are the folds. The dashed line is the best single
# modality.

import matplotlib.pyplot as plt

report.plot()
plt.show()

# %%
# The scores as a table:

columns = ["model", "kind", "mean", "std", "fit_seconds"]
report.to_frame()[columns].round(3)

# %%
# In the second problem, only the text says something about the target. Here the simpler
# model is enough:

X, y = make_multimodal_regression(
    n_samples=500, signal="text", noise=0.3, random_state=0
)
fusion_report(model, X, y, random_state=0).verdict

# %%
# In the third one, the labels are shuffled, so that no column says anything about them:

import numpy as np

shuffled = np.random.default_rng(0).permutation(y)
fusion_report(model, X, shuffled, random_state=0).verdict

# %%
# A notebook shows a report like this. ``report.to_html("report.html")`` writes the same
# into a file that can be sent to others.

report
