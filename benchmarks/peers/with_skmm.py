"""skmm: the defaults, with pretrained networks, and without pictures and sounds."""

import functools

from _measure import measure

from skmm import MultimodalClassifier, MultimodalRegressor


def fit(X, y, task, reads_media=True, **parameters):
    choose = task.without_measures if reads_media else task.without_medium
    make = MultimodalClassifier if task.classes else MultimodalRegressor
    model = make(random_state=task.seed, **parameters).fit(choose(X), y)

    def predict(X):
        return getattr(model, "predict_proba" if task.classes else "predict")(choose(X))

    return predict


LINES = {
    "skmm": fit,
    "skmm_pretrained": functools.partial(fit, pretrained=True),
    # Numbers in place of pictures and sounds, as the peers that do not read these.
    "skmm_measures": functools.partial(fit, reads_media=False),
}

if __name__ == "__main__":
    measure(LINES)
