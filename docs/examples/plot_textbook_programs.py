"""
Two programs of the textbooks
=============================

Many introductions to multimodal learning end with one of two programs. One has a
network for a photo and an LSTM for a text, joined by concatenation. The other has
several pictures of the same thing, with different channels and a network for each. Here
are both, in a dozen lines each.
"""

# %%
# Photo and text
# --------------
# A pretrained convolutional network reads the picture of an emoji, which is shifted and
# recoloured at random in the training. An embedding and an LSTM read its name. Their
# vectors are concatenated, and a perceptron predicts the category.

from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji
from skmm.encoders import ImageEncoder, TextEncoder

X, y = fetch_emoji(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, train_size=500, random_state=0)

photo = ImageEncoder("pretrained", size=64, tune="head", augment=["shift", "color"])
text = TextEncoder("lstm")
model = MultimodalClassifier(
    [("photo", photo, "image"), ("text", text, "name")],
    fusion="concat",
    max_epochs=6,
    random_state=0,
)
model.fit(X, y).score(X_test[:300], y_test[:300])

# %%
# Three pictures of 1, 3 and 4 channels
# -------------------------------------
# Each column is a modality. To have three of them, the emoji is read in grey, in
# colour, and with its transparency: ``channels`` of each encoder says how many there
# are.

import matplotlib.pyplot as plt

from skmm.io import ImageReader

figure, axes = plt.subplots(1, 3, figsize=(6, 2), layout="constrained")
for ax, mode in zip(axes, ["L", "RGB", "RGBA"]):
    ax.imshow(ImageReader(mode=mode)(X["image"].iloc[3]).squeeze(), cmap="gray")
    ax.set_title(mode)
    ax.set_axis_off()
plt.show()

# %%
# Three encoders, and the same call of ``fit``:

modalities = [
    ("grey", ImageEncoder("cnn", size=32, channels=1), "grey"),
    ("colour", ImageEncoder("cnn", size=32, channels=3), "colour"),
    ("cutout", ImageEncoder("cnn", size=32, channels=4), "cutout"),
]
model = MultimodalClassifier(modalities, max_epochs=8, random_state=0)


def show_three_times(X):
    return X.assign(grey=X["image"], colour=X["image"], cutout=X["image"])


model.fit(show_three_times(X), y)
model.score(show_three_times(X_test[:300]), y_test[:300])
