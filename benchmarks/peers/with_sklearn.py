"""scikit-learn's own lines: TF-IDF and a linear model, or SVD of it and boosting."""

import _lines
from _measure import measure


def _fit(make):
    def fit(X, y, task):
        X = task.without_medium(X)
        model = make(_lines.filled(X, task.texts), task.texts, task.classes)
        model.fit(_lines.filled(X, task.texts), y)

        def predict(X):
            X = _lines.filled(task.without_medium(X), task.texts)
            return model.predict_proba(X) if task.classes else model.predict(X)

        return predict

    return fit


def run(**makers):
    """Measure lines that are made as those of _lines.py are."""
    measure({line: _fit(make) for line, make in makers.items()})


if __name__ == "__main__":
    run(linear=_lines.linear, boosting=_lines.boosting)
