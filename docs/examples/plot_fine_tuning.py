"""
Fine-tuning a sentence model inside the classifier
==================================================

A pretrained sentence model knows words that the training rows lack. Frozen, it gives
the same vector for a sentence whatever is asked; tuned inside the classifier, it learns
what matters for the target, together with the table and the fusion.
"""

# %%
# Does a review recommend what it is about? 600 reviews are few enough for a processor.

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
# ``tune="lora"`` learns small matrices beside those of the network, a hundredth of its
# parameters; ``"full"`` learns them all, the layers near the words more slowly. A
# learning rate that rises first and then falls to 0 keeps what the network knew.

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
pd.DataFrame(scores).T
