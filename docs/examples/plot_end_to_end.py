"""
Photo, text and table, end to end
=================================

Nothing is extracted beforehand: one network reads pictures, names and numbers of emoji
and learns from all of them at once. The fusion is one parameter.
"""

# %%

import pandas as pd
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji
from skmm.encoders import ImageEncoder, TabularEncoder, TextEncoder

X, y = fetch_emoji(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0, stratify=y
)
numbers = ["added_in", "n_short_names", "has_skin_variations", "n_code_points"]
modalities = [
    ("photo", ImageEncoder("cnn", size=32, augment="auto"), "image"),
    ("text", TextEncoder(), "name"),
    ("table", TabularEncoder(), numbers),
]

# %%
# Each modality alone, then all three by two fusions:

options = {"max_epochs": 12, "random_state": 0}
scores = {}
for modality in modalities:
    model = MultimodalClassifier([modality], **options).fit(X_train, y_train)
    scores[modality[0]] = model.score(X_test, y_test)
for fusion in ["concat", "gated"]:
    model = MultimodalClassifier(modalities, fusion=fusion, **options)
    scores[f"all, {fusion}"] = model.fit(X_train, y_train).score(X_test, y_test)
pd.Series(scores).round(3)
