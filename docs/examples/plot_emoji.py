"""
Pictures, names and numbers of emoji
====================================

In which of nine groups does Unicode list an emoji? The picture tells much, the name
tells more, and a few numbers tell little; together they tell most. In this example a
pipeline reads all three: pretrained networks turn pictures and names into vectors, and
scikit-learn's logistic regression classifies them.
"""

# %%
# There are 1,906 emoji. (They are downloaded once, 74 MB.)

import matplotlib.pyplot as plt

from skmm.datasets import fetch_emoji
from skmm.io import ImageReader

X, y = fetch_emoji(return_X_y=True)
read = ImageReader()
figure, axes = plt.subplots(2, 5, figsize=(8, 3.6), layout="constrained")
for ax, row in zip(axes.flat, X.sample(10, random_state=8).index):
    ax.imshow(read(X["image"][row]))
    ax.set_title(X["name"][row].lower()[:22], fontsize="small")
    ax.set_axis_off()
plt.show()

# %%
# The kind of each column is detected:

from skmm import detect_modalities

detect_modalities(X)

# %%
# ``pretrained=True`` takes small networks from installed packages; nothing is
# downloaded from a hub. ``memory`` keeps the vectors, so that each picture and each
# name goes through its network once, although there are four pipelines and five folds
# below.

import tempfile

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm.feature_extraction import MultimodalVectorizer

memory = tempfile.mkdtemp()
vectorizer = MultimodalVectorizer(pretrained=True, memory=memory)
model = make_pipeline(vectorizer, StandardScaler(), LogisticRegression(C=0.01))
model

# %%
# Each modality alone, by dropping the other two, and then all of them:

import pandas as pd
from sklearn.model_selection import cross_val_score

modalities = ["image", "text", "tabular"]
scores = {}
for label, kept in [(m, [m]) for m in modalities] + [("all three", modalities)]:
    dropped = [(m, "drop") for m in modalities if m not in kept]
    model.set_params(multimodalvectorizer__transformers=dropped)
    scores[label] = cross_val_score(model, X, y, cv=5)
table = pd.DataFrame(scores)
table.describe().loc[["mean", "std"]].round(3)

# %%

figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
axes.barh(
    table.columns[::-1], table.mean()[::-1], xerr=table.std()[::-1], color="#0072B2"
)
axes.set(xlabel="accuracy, mean and standard deviation of 5 folds", xlim=(0, 1))
plt.show()

# %%
# The logistic regression gets a frame in which each modality is a group of columns:

vectorizer.fit_transform(X[:3]).iloc[:, [0, 1, 2, 3, -2, -1]]
