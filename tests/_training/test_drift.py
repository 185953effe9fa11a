"""Where a fit continues on rows that are not like the first ones, a warning says so."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.drift import Drift, check_transfer
from skmm.encoders import Comparison, TabularEncoder, TextEncoder

FAST = {"max_epochs": 1, "width": 4, "random_state": 0}
RNG = np.random.default_rng(0)
N = 200


def make(words="soft fine good bad", letters="abcd"):
    words = np.array(words.split())
    texts = [" ".join(RNG.choice(words, 4)) for _ in range(N)]
    return pd.DataFrame(
        {
            "x": RNG.uniform(-100, 100, N),
            "c": RNG.choice(list(letters), N),
            "t": texts,
        }
    )


X, OTHER = make(), make()
Y = (X["x"] > 0).to_numpy().astype(int)
MODALITIES = [("facts", TabularEncoder(), ["x", "c"]), ("words", TextEncoder(), "t")]


def messages(caught):
    return [str(one.message) for one in caught]


# ----------------------------------------------------------------------------- encoders


def test_a_table_tells_what_lies_outside():
    encoder = TabularEncoder()
    encoder.fit_transform(X[["x", "c"]])
    new = X[["x", "c"]].copy()
    new.loc[:49, "x"], new.loc[:99, "c"] = 1000.0, "z"
    new.loc[150:, "c"] = None
    x, c = encoder.compare(new, encoder.transform(new))
    assert (x.column, x.outside, x.n_cells, x.is_ordered) == ("x", 0.25, 200, True)
    assert "outside the fitted range, -9" in x.what
    assert (c.column, c.n_cells, c.is_ordered) == ("c", 150, False)
    assert c.outside == pytest.approx(2 / 3)
    # The fitted rows themselves lie inside, and a column without cells says nothing.
    inside = encoder.compare(X[["x", "c"]], encoder.transform(X[["x", "c"]]))
    assert [one.outside for one in inside] == [0, 0]
    assert inside[0].spread == pytest.approx(1, rel=0.1)
    empty = new.assign(x=np.nan, c=None)
    assert encoder.compare(empty, encoder.transform(empty)) == []


def test_dates_are_one_column():
    encoder = TabularEncoder()
    days = pd.DataFrame({"d": pd.date_range("2020-01-01", periods=200)})
    encoder.fit_transform(days)
    later = days + pd.Timedelta(days=4000)
    (one,) = encoder.compare(later, encoder.transform(later))
    assert (one.column, one.outside, one.spread) == ("d", 1.0, None)


def test_texts_tell_how_many_words_are_unknown():
    encoder = TextEncoder()
    encoder.fit_transform(X[["t"]])
    new = pd.DataFrame({"t": ["soft and new", "good", None, "bad stuff"] * 5})
    (one,) = encoder.compare(new, encoder.transform(new))
    assert (one.column, one.outside, one.n_cells) == ("t", 0.5, 15)


# -------------------------------------------------------------- partial_fit, warm_start


@pytest.mark.parametrize(
    "column, cells, message",
    [
        ("x", np.linspace(90, 900, N), "'x' of modality 'facts': [89].% of .*range"),
        ("c", [*"ab", *"z" * (N - 2)], "'c' of modality 'facts': 99% of .* categories"),
        ("t", ["quite other words"] * N, "'t' of modality 'words': 100% .* words"),
    ],
)
@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_a_column_is_warned_about_once(column, cells, message, how):
    warm = how == "warm_start"
    model = MultimodalClassifier(MODALITIES, warm_start=warm, validation=None, **FAST)
    continue_ = model.fit if warm else model.partial_fit
    continue_(X, Y)
    continue_(OTHER, Y)  # of the same kind: warnings are errors here
    changed = OTHER.assign(**{column: cells})
    with pytest.warns(UserWarning, match=message) as caught:
        continue_(changed, Y)
    assert len(caught) == 1 and "fit anew" in messages(caught)[0]
    continue_(changed, Y)
    # Another fit is another model.
    model.set_params(warm_start=False)
    model.fit(X, Y)
    with pytest.warns(UserWarning, match=message):
        model.partial_fit(changed, Y)


def test_small_batches_are_looked_at_together():
    far = OTHER.assign(x=OTHER["x"] + 1000)
    model = MultimodalClassifier(MODALITIES, **FAST).partial_fit(X, Y)
    for i in range(0, 18, 3):
        model.partial_fit(far[i : i + 3], Y[i : i + 3])
    with pytest.warns(UserWarning, match="'x'.*100% of 21 cells"):
        model.partial_fit(far[18:21], Y[18:21])
    # A few outliers among many are no other range.
    model = MultimodalClassifier(MODALITIES, **FAST).partial_fit(X, Y)
    model.partial_fit(OTHER.assign(x=np.where(np.arange(N) < 20, 1e6, OTHER["x"])), Y)


def test_a_first_batch_of_a_small_range_costs_much_and_says_so():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 100, 1200)
    frame, y = pd.DataFrame({"x": x}), np.sin(x / 8)
    narrow = np.flatnonzero(x < 5)[:50]

    def stream(first):
        model = MultimodalRegressor(width=16, learning_rate=1e-2, random_state=0)
        model.partial_fit(frame.iloc[first], y[first])
        for _ in range(10):
            for start in range(0, 1000, 200):
                rows = slice(start, start + 200)
                model.partial_fit(frame[rows], y[rows])
        return model.score(frame[1000:], y[1000:])

    with pytest.warns(UserWarning, match="9.% of 200 cells are numbers outside the f"):
        silent = stream(narrow)
    assert silent < stream(np.arange(50)) / 2


def test_twenty_rows_like_the_first_twenty_are_not_warned_about():
    rng, warned = np.random.default_rng(0), 0
    for _ in range(200):
        encoder = TabularEncoder()
        encoder.fit_transform(pd.DataFrame({"x": rng.normal(size=20)}))
        later = pd.DataFrame({"x": rng.normal(size=50)})
        compared = encoder.compare(later, encoder.transform(later))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Drift().after([("a", one) for one in compared])
        warned += len(caught)
    assert warned <= 10


# --------------------------------------------------------------------------------- init


@pytest.fixture(scope="module")
def source():
    return FrozenEstimator(MultimodalClassifier(MODALITIES, **FAST).fit(X, Y))


@pytest.mark.parametrize(
    "new, message",
    [
        (OTHER.assign(x=OTHER["x"] * 100), "'x'.*9.% of .*outside the fitted range"),
        (OTHER.assign(x=OTHER["x"] / 1000), "'x'.*spread 0.0.* times as far"),
        (make(letters="awxyz"), "'c'.*init=: [78].% of .*categories"),
        (make("soft weich hart gut"), "'t'.*init=: [67].% of .*words"),
    ],
    ids=["larger unit", "smaller unit", "categories", "words"],
)
def test_a_source_that_does_not_fit(source, new, message):
    model = MultimodalClassifier(MODALITIES, init=source, **FAST)
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(new, Y)
    assert len(caught) == 1


def test_a_source_that_fits_says_nothing_but_what_fits(source, capsys):
    MultimodalClassifier(MODALITIES, init=source, **FAST).fit(OTHER, Y)
    assert capsys.readouterr().out == ""
    model = MultimodalClassifier(
        MODALITIES, init=source, verbose=1, validation=0.1, **FAST
    )
    model.fit(OTHER, Y)
    out = capsys.readouterr().out
    for column in ("x", "c", "t"):
        assert f"init: column {column!r}" in out
    assert "fits in 100% of 180 cells" in out


def test_few_cells_say_little():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_transfer([("a", Comparison("x", 1.0, 19, "numbers", is_ordered=True))])


class Told(TabularEncoder):
    """Says of its first column what a test wants."""

    def compare(self, X, block):
        return [Comparison(X.columns[0], 0.97, len(X), "told to be new")]


def test_an_encoder_of_ones_own_tells_too():
    model = MultimodalClassifier([("own", Told(), ["x"])], **FAST).partial_fit(X, Y)
    with pytest.warns(UserWarning, match="'x' of modality 'own': 97% .* told to"):
        model.partial_fit(OTHER, Y)
