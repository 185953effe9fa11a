"""
A knowledge graph beside a table
================================

Each row names a product, and a graph holds what is known about the products. An encoder
that passes messages along the graph brings these facts to the row, also for products
that are in no training row.
"""

# %%
# The facts: a product comes from a maker; a maker sits in a country and belongs to a
# group. They are made up here. The triples of a real graph have the same three columns.

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
n_products, n_makers, n_countries = 600, 60, 6
maker_of = rng.integers(n_makers, size=n_products)
country_of = rng.integers(n_countries, size=n_makers)
triples = pd.DataFrame(
    [(f"product {i}", "made by", f"maker {j}") for i, j in enumerate(maker_of)]
    + [(f"maker {i}", "seat in", f"country {j}") for i, j in enumerate(country_of)]
    + [(f"maker {i}", "part of", f"group {i % 9}") for i in range(n_makers)],
    columns=["head", "relation", "tail"],
)
triples.sample(4, random_state=0)

# %%
# The table has orders. Some countries deliver late in winter, others in summer, and
# large orders are late everywhere. No column says where a product comes from, and the
# products of the test rows were never ordered before.

n = 3000
product, month = rng.integers(n_products, size=n), rng.integers(1, 13, size=n)
pieces = rng.lognormal(3, 1, size=n)
winter = np.where(np.isin(month, [10, 11, 12, 1, 2, 3]), 1, -1)
slow_in_winter = np.where(country_of[maker_of[product]] < n_countries // 2, 1, -1)
late = 1.5 * winter * slow_in_winter + 0.5 * (np.log(pieces) - 3) + rng.normal(size=n)
orders = pd.DataFrame(
    {"month": month.astype(str), "pieces": pieces, "is_late": late > 0}
).assign(product=[f"product {i}" for i in product])
X_train, X_test = orders[product < 400], orders[product >= 400]

# %%
# The product is passed as one more category, or as a node of the graph. The country is
# two steps away from the product; two layers of messages carry it there. What the
# country means depends on the month, and the bilinear fusion, which multiplies the
# features of both vectors, can learn that directly. About nine in ten is the most that
# can be reached: the rest of the delay is chance.

import warnings

from skmm import MultimodalClassifier
from skmm.encoders import EntityEncoder

table = ["month", "pieces"]
graph = EntityEncoder(triples, conv="gat")
scores = {}
for label, modalities in {
    "table": [("table", "tabular", table)],
    "table, product as category": [("table", "tabular", [*table, "product"])],
    "table, product as node": [
        ("table", "tabular", table),
        ("product", graph, "product"),
    ],
}.items():
    model = MultimodalClassifier(modalities, fusion="bilinear", random_state=0)
    model.fit(X_train, X_train["is_late"])
    with warnings.catch_warnings():
        # As a category, no product of the test rows is known, and skmm says so.
        warnings.simplefilter("ignore", UserWarning)
        scores[label] = model.score(X_test, X_test["is_late"])
scores = pd.Series(scores, name="accuracy, new products").round(3)
scores

# %%

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 2), layout="constrained")
bars = axes.barh(scores.index[::-1], scores[::-1], color="#0072B2")
axes.bar_label(bars, fmt="%.3f", padding=3)
axes.set(xlabel="accuracy on new products (0.5 is chance)", xlim=(0.5, 1))
plt.show()
