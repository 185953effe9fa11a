"""
Two programs of the textbooks
=============================

Most introductions to multimodal learning end with one of two programs: a network for
the photo and an LSTM for the text, joined by concatenation; and several pictures of one
thing, of unequal channels, with a network each. Here they are, a dozen lines each.
"""

# %%
# Photo and text
# --------------
# A pretrained convolutional network reads the emoji's picture, which is shifted and
# recoloured at random in training; an embedding and an LSTM read its name. Their
# vectors are concatenated, and a perceptron tells the category.

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
# Each column is a modality of its own. So that there are three, the emoji is shown
# grey, in colour, and with its transparency; each reader takes the channels it is told.

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
