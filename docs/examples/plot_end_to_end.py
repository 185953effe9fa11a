"""
Pictures, text and a table in one network
=========================================

Here nothing is extracted beforehand: one network reads pictures, names and numbers of
emoji, and learns from all of them at the same time. The fusion is one parameter.
"""

# %%
# ``augment="auto"`` flips, shifts and recolours pictures at random in the training.
# Which group an emoji is in does not change by that.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji
from skmm.encoders import ImageEncoder, TabularEncoder, TextEncoder
from skmm.io import ImageReader

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
# What the network sees of a picture is 32 pixels high and wide:

read = ImageReader(size=32)
figure, axes = plt.subplots(1, 6, figsize=(8, 1.6), layout="constrained")
for ax, row in zip(axes, X_train.index):
    ax.imshow(read(X["image"][row]))
    ax.set_axis_off()
plt.show()

# %%
# Each modality alone, and then all three with two fusions:

options = {"max_epochs": 12, "random_state": 0}
scores = {}
for modality in modalities:
    model = MultimodalClassifier([modality], **options).fit(X_train, y_train)
    scores[modality[0]] = model.score(X_test, y_test)
for fusion in ["concat", "gated"]:
    model = MultimodalClassifier(modalities, fusion=fusion, **options)
    scores[f"all, {fusion}"] = model.fit(X_train, y_train).score(X_test, y_test)
scores = pd.Series(scores, name="accuracy").round(3)
scores

# %%
# With 1,334 training rows, a network that starts from random weights learns less from
# pictures than a pretrained one, see the example with a pipeline.

figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
bars = axes.barh(scores.index[::-1], scores[::-1], color="#0072B2")
axes.bar_label(bars, fmt="%.3f", padding=3)
axes.set(xlabel="accuracy on held-out emoji", xlim=(0, 1))
plt.show()
