"""
Training a sentence model further
=================================

A pretrained sentence model knows words that do not occur in the training rows. If it is
frozen, a sentence has the same vector whatever the task is. If it is trained further
inside the classifier, it learns what matters for the target, together with the table
and the fusion.
"""

# %%
# Does a review of a piece of clothing recommend it? 600 reviews are few enough for a
# CPU. (The reviews are downloaded once, 22 MB.)

import pandas as pd
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_womens_clothing
from skmm.encoders import TextEncoder

X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=600, test_size=400, random_state=0, stratify=y
)
table = ["Age", "Department Name", "Class Name"]

# %%
# ``tune="lora"`` adds small matrices to those of the network and trains only these,
# about a hundredth of its parameters. ``tune="full"`` trains all of them, with smaller
# steps in the layers near the words. With ``learning_rate_schedule="linear"`` the
# learning rate first rises and then falls to 0, so that the network does not forget
# what it knew.

scores = {}
for tune in ["frozen", "lora"]:
    text = TextEncoder("pretrained", model="minilm", tune=tune, max_length=48)
    model = MultimodalClassifier(
        [("text", text, ["Title", "Review Text"]), ("table", "tabular", table)],
        max_epochs=3,
        learning_rate_schedule="linear",
        random_state=0,
    ).fit(X_train, y_train)
    scores[tune] = {
        "accuracy": model.score(X_test, y_test),
        "parameters": model.n_parameters_,
        "epochs": model.n_iter_,
    }
table = pd.DataFrame(scores).T
table

# %%
# Which of the two is better depends on the rows: with few of them, the frozen network
# is often as good. On a CPU, training it further takes several times as long.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 1.8), layout="constrained")
bars = axes.barh(table.index[::-1], table["accuracy"][::-1], color="#0072B2")
axes.bar_label(bars, fmt="%.3f", padding=3)
axes.axvline(max(y_test.mean(), 1 - y_test.mean()), color="gray", linestyle=":")
axes.set(xlabel="accuracy on 400 reviews (dotted: the larger class)", xlim=(0.5, 1))
plt.show()
