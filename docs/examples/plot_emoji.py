"""
Picture, name and numbers of emoji
==================================

Which of nine groups is an emoji in? Its picture tells much, its name tells more, a few
numbers tell little; together they tell most. One pipeline reads all three: pretrained
networks embed picture and name, and a linear model stands behind.
"""

# %%
# 1,906 emoji. (The first time they are fetched, 74 MB.)

from skmm import detect_modalities
from skmm.datasets import fetch_emoji

X, y = fetch_emoji(return_X_y=True)
detect_modalities(X)

# %%
# ``pretrained=True`` embeds by small networks that packages carry, with no hub asked.
# ``memory`` keeps the vectors: the folds below, and the four pipelines, embed each
# picture and each name once.

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
# Each modality alone, by dropping the other two, and all of them:

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

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
axes.barh(table.columns[::-1], table.mean()[::-1], xerr=table.std()[::-1])
axes.set(xlabel="accuracy, 5 folds", xlim=(0, 1))

# %%
# What the model behind gets: a frame with a block a modality.

vectorizer.fit_transform(X[:3]).iloc[:, [0, 1, 2, 3, -2, -1]]
