"""
Several targets in one fit
==========================

Most rows have a rating, and few have a price. One model learns both, with encoders that
all rows teach, and predicts both.
"""

# %%
# What the table and the text say adds up to something that two targets depend on. The
# price is known of 40 training rows, the rating of most.

import numpy as np
import pandas as pd

from skmm.datasets import make_multimodal_regression

X, hidden = make_multimodal_regression(n_samples=900, random_state=0)
hidden = (hidden - hidden.mean()) / hidden.std()
rng = np.random.default_rng(0)
stars = pd.qcut(hidden + rng.normal(0, 0.2, 900), 5, range(1, 6))
price = 20 + 5 * hidden + rng.normal(0, 1, 900)
Y = pd.DataFrame({"rating": stars, "price": price}).astype({"rating": "Int64"})
X_train, X_test, truth = X[:600], X[600:], Y[600:]
Y_train = Y[:600].copy()
Y_train.loc[40:, "price"] = None
Y_train.loc[:99, "rating"] = None
Y_train.notna().mean()

# %%
# Missing cells need no more than that.

from skmm import MultimodalMultitask, MultimodalRegressor

tasks = {"rating": "classification", "price": "regression"}
model = MultimodalMultitask(tasks=tasks, random_state=0).fit(X_train, Y_train)
model.predict(X_test).head()

# %%
# The price alone, from the rows that have it, against the price beside the rating.

import matplotlib.pyplot as plt

from skmm.model_selection import task_scorer

known = Y_train["price"].notna()
alone = MultimodalRegressor(random_state=0)
alone.fit(X_train[known], Y_train.loc[known, "price"].astype(float))
scores = {
    "price alone": alone.score(X_test, truth["price"]),
    "price beside the rating": task_scorer("price")(model, X_test, truth),
}
fig, ax = plt.subplots(figsize=(6, 2), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()))
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set(xlabel="R² on held-out rows", xlim=(0, 1))
ax.invert_yaxis()

# %%
# Each task has its own mixture of the heads: the share of each.

shares = {
    task: {head: np.mean(share) for head, share in heads.items()}
    for task, heads in model.head_weights_.items()
}
pd.DataFrame(shares).round(2)
