"""SeriesVectorizer: what comes in, what comes out, and what stays the same."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import scipy.stats
import torch
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmm import detect_modalities
from skmm.feature_extraction._series import SeriesVectorizer

METHODS = ["statistics", "rocket"]
each_method = pytest.mark.parametrize("method", METHODS)


def make(method, **options):
    return SeriesVectorizer(method, n_features=84 * 6, **options)


def make_series(n=20, n_channels=None, seed=0):
    """Random walks of several lengths."""
    rng = np.random.default_rng(seed)
    shape = () if n_channels is None else (n_channels,)
    return [
        rng.normal(size=(rng.integers(12, 40), *shape)).cumsum(axis=0) for _ in range(n)
    ]


def make_frame(n=20):
    """Columns of one channel and of three, some cells missing."""
    X = pd.DataFrame({"pulse": make_series(n), "acc": make_series(n, 3)})
    X.loc[[2, 7], "pulse"] = None
    X.loc[[3, 7], "acc"] = None
    return X.set_axis(range(100, 100 + n))


@parametrize_with_checks([SeriesVectorizer(m, n_features=84) for m in METHODS])
def test_scikit_learn_check(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------ containers


def as_lists(values):
    return values.tolist()


def as_data_frame(values):
    return pd.DataFrame(values, columns=["x", "y", "z"])


def as_polars_frame(values):
    return pytest.importorskip("polars").DataFrame(values, schema=["x", "y", "z"])


def as_tensor_with_gradient(values):
    return torch.tensor(values, requires_grad=True)


@each_method
@pytest.mark.parametrize(
    "convert", [as_lists, as_data_frame, as_polars_frame, as_tensor_with_gradient]
)
def test_cells_of_several_channels(method, convert):
    series = make_series(n_channels=3)
    expected = make(method).fit_transform(pd.Series(series))
    cells = pd.Series([convert(values) for values in series])
    np.testing.assert_array_equal(make(method).fit_transform(cells), expected)


@each_method
@pytest.mark.parametrize("convert", [as_lists, pd.Series, torch.tensor, np.float64])
def test_cells_of_one_channel(method, convert):
    series = make_series()
    expected = make(method).fit_transform(pd.Series(series))
    vectorizer = make(method)
    cells = pd.Series([convert(values) for values in series])
    np.testing.assert_array_equal(vectorizer.fit_transform(cells), expected)
    np.testing.assert_array_equal(vectorizer.transform(cells), expected)
    # A second axis of one is the same as none.
    matrices = pd.Series([np.asarray(values)[:, None] for values in series])
    np.testing.assert_array_equal(make(method).fit_transform(matrices), expected)


@each_method
def test_polars(method):
    polars = pytest.importorskip("polars")
    X = make_frame()
    expected = make(method).fit_transform(X)
    lists = polars.DataFrame(
        {
            name: [
                None if cell is None else np.asarray(cell).tolist() for cell in X[name]
            ]
            for name in X
        }
    )
    assert isinstance(lists["pulse"].dtype, polars.List)
    np.testing.assert_array_equal(make(method).fit_transform(lists), expected)
    one = make(method).fit_transform(lists["pulse"])
    np.testing.assert_array_equal(one, expected[:, : one.shape[1]])


@each_method
def test_lists_and_arrays_of_series(method):
    series = make_series()
    expected = make(method).fit_transform(pd.Series(series))
    vectorizer = make(method)
    for X in (series, [values.tolist() for values in series]):
        np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
        np.testing.assert_array_equal(vectorizer.transform(X), expected)
        # Lists of one length are cells here, not a table.
        np.testing.assert_array_equal(vectorizer.transform(X[:1]), expected[:1])
    assert np.isnan(vectorizer.transform([[1, 2, 3], None])[1]).all()
    cube = np.random.default_rng(0).normal(size=(6, 20, 3))
    np.testing.assert_array_equal(
        make(method).fit_transform(cube), make(method).fit_transform(list(cube))
    )


@each_method
def test_a_table_of_numbers_is_a_series_a_row(method, as_library):
    values = np.random.default_rng(0).normal(size=(8, 30))
    expected = make(method).fit_transform(list(values))
    vectorizer = make(method)
    frame = pd.DataFrame(values).add_prefix("t")
    for X in (values, values.tolist(), values.astype(object), as_library(frame)):
        np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
    assert vectorizer.n_features_in_ == 30
    assert vectorizer.n_channels_ == [1]
    names = vectorizer.get_feature_names_out()
    assert names[0] == {"statistics": "series__length", "rocket": "series__0"}[method]
    assert len(names) == expected.shape[1]
    with pytest.raises(ValueError, match="X has 29 features.*expecting 30"):
        make(method).fit(values).transform(values[:, 1:])


@each_method
def test_gaps(method):
    full = np.arange(12.0).reshape(6, 2) % 5
    gaps = [
        # what it is, what it is read as
        ([1, 2, np.nan, 4], [1, 2, 3, 4]),
        ([1, None, None, 4], [1, 2, 3, 4]),
        ([np.nan, 2, 4, 3, np.nan, np.nan], [2, 2, 4, 3]),
    ]
    cells, read = map(list, zip(*gaps))
    fitted = make(method).fit(pd.Series(read))
    np.testing.assert_array_equal(
        fitted.transform(pd.Series(cells)), fitted.transform(pd.Series(read))
    )
    table = np.array([[1, 2, np.nan, 4, np.nan], [np.nan] * 5, [5, 6, 7, 6, 5]])
    out = make(method).fit(table).transform(table)
    expected = make(method).fit_transform(pd.Series([[1, 2, 3, 4], None, table[2]]))
    np.testing.assert_array_equal(out, expected)
    # A channel alone that has ended keeps its last value; one without any is zero.
    ended, without = full.copy(), full.copy()
    ended[4:, 1] = np.nan
    without[:, 0] = np.nan
    cells = pd.Series([full, ended, without, np.pad(full, [(0, 3), (0, 0)])])
    cells[3][6:] = np.nan
    read = [full, full.copy(), full.copy(), full]
    read[1][4:, 1], read[2][:, 0] = full[3, 1], 0
    fitted = make(method).fit(cells)
    np.testing.assert_array_equal(
        fitted.transform(cells), fitted.transform(pd.Series(read))
    )
    assert np.isnan(cells[1][4:, 1]).all()  # what is handed over is not filled


@each_method
@pytest.mark.parametrize(
    "nothing",
    [None, np.nan, pd.NA, "", [], [np.nan, None], np.empty((0, 3)), torch.empty(0)],
    ids=repr,
)
def test_kinds_of_missing(method, nothing):
    series = make_series(3)
    X = pd.DataFrame({"s": pd.Series([series[0], nothing, series[1]], dtype=object)})
    out = make(method).fit_transform(X)
    assert np.isnan(out).any(axis=1).tolist() == [False, True, False]
    assert np.isnan(out[1]).all()


# ----------------------------------------------------------------------------- names


def test_names():
    vectorizer = make("statistics").fit(make_frame())
    names = vectorizer.get_feature_names_out().tolist()
    assert {"pulse__length", "pulse__mean", "acc__2_slope"} <= set(names)
    assert names[-3:] == [f"acc__{pair}_correlation" for pair in ("0_1", "0_2", "1_2")]
    assert vectorizer.n_channels_ == [1, 3]
    names = make("rocket").fit(make_frame()).get_feature_names_out()
    assert names[[0, 503, 504, -1]].tolist() == [
        *("pulse__0", "pulse__503"),
        *("acc__0", "acc__503"),
    ]
    cells = pd.Series([as_data_frame(x) for x in make_series(4, 3)], name="acc")
    names = make("statistics").fit(cells).get_feature_names_out()
    assert {"acc__y_mean", "acc__x_z_correlation"} <= set(names)
    names = make("statistics").fit(make_series(3)).get_feature_names_out(["walk"])
    assert names[0] == "walk__length"


def test_number_of_features():
    X = make_series(3)
    assert SeriesVectorizer("rocket").fit_transform(X).shape == (3, 9996)
    assert SeriesVectorizer("rocket", n_features=200).fit_transform(X).shape == (3, 168)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@each_method
def test_set_output(method, library):
    pytest.importorskip(library)
    X = make_frame()
    vectorizer = make(method).set_output(transform=library)
    for out in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(out).__module__.startswith(library)
        assert list(out.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(out.to_numpy(), make(method).fit_transform(X))
    if library == "pandas":
        assert out.index.tolist() == X.index.tolist()


def test_features_of_a_column_are_one_vector_modality():
    features = make("rocket").set_output(transform="pandas").fit_transform(make_frame())
    found = [(name, kind) for name, kind, _ in detect_modalities(features).to_list()]
    assert found == [("pulse", "vector"), ("acc", "vector")]


# ------------------------------------------------------------------ the same features


@each_method
def test_one_row_at_a_time_is_the_batch(method):
    X = make_frame()
    vectorizer = make(method)
    batch = vectorizer.fit_transform(X)
    assert batch.dtype == np.float32
    rows = [vectorizer.transform(X.iloc[[i]]) for i in range(len(X))]
    np.testing.assert_allclose(np.vstack(rows), batch, rtol=1e-6, atol=1e-7)


@each_method
def test_order_of_rows_does_not_matter(method):
    X = make_frame()
    order = np.random.default_rng(1).permutation(len(X))
    first = make(method)
    expected = first.fit_transform(X)
    second = make(method).fit(X.iloc[order])
    np.testing.assert_array_equal(second.transform(X), expected)


@each_method
def test_columns_keep_their_identity(method):
    X = make_frame()
    alone = [make(method).fit_transform(X[[name]]) for name in X]
    np.testing.assert_array_equal(make(method).fit_transform(X), np.hstack(alone))


@each_method
def test_clone_pickle_and_jobs(method):
    X = make_frame()
    expected = make(method).fit_transform(X)
    vectorizer = make(method, n_jobs=2)
    for one in (
        clone(vectorizer).fit(X),
        pickle.loads(pickle.dumps(vectorizer.fit(X))),
    ):
        np.testing.assert_array_equal(one.transform(X), expected)


def test_many_rows_are_as_few():
    """More rows than are computed at the same time."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=rng.integers(5, 12)) for _ in range(1200)]
    for method in METHODS:
        vectorizer = SeriesVectorizer(method, n_features=84).fit(X)
        some = vectorizer.transform(X[500:520])
        np.testing.assert_allclose(
            vectorizer.transform(X)[500:520], some, rtol=1e-6, atol=1e-7
        )


def test_seed():
    X = make_series(n_channels=3)
    first = make("rocket").fit_transform(X)
    np.testing.assert_array_equal(make("rocket").fit_transform(X), first)
    other = make("rocket", random_state=1).fit_transform(X)
    assert not np.array_equal(other, first)
    generator = np.random.RandomState(0)
    drawn = make("rocket", random_state=generator).fit_transform(X)
    np.testing.assert_array_equal(drawn, first)


@each_method
def test_the_type_of_the_numbers_does_not_matter(method):
    series = [np.round(values * 10) for values in make_series()]
    expected = make(method).fit_transform(series)
    for dtype in ("float32", "int16", "float16", "longdouble"):
        X = [values.astype(dtype) for values in series]
        np.testing.assert_array_equal(make(method).fit_transform(X), expected)


# ------------------------------------------------------------------------ statistics


def statistics_of(values):
    """Give the statistics of one series by name."""
    vectorizer = SeriesVectorizer().set_output(transform="pandas")
    out = vectorizer.fit_transform(pd.Series([values], name="s"))
    return out.iloc[0].rename(lambda name: name.removeprefix("s__"))


def reference(x):
    """The same from numpy and scipy."""
    n = len(x)
    line = scipy.stats.linregress(np.arange(n), x)
    frequencies, power = scipy.signal.periodogram(x, detrend="constant")
    frequencies, share = frequencies[1:], power[1:] / power[1:].sum()
    centroid = np.average(frequencies, weights=share)
    above = x > x.mean()
    runs = "".join("x" if flag else " " for flag in above).split()
    bounds = [0, n // 4, n // 2, 3 * n // 4, n]
    bands = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2]
    return {
        "length": n,
        "mean": np.mean(x),
        "std": np.std(x),
        "min": np.min(x),
        "lower_quartile": np.quantile(x, 0.25),
        "median": np.median(x),
        "upper_quartile": np.quantile(x, 0.75),
        "max": np.max(x),
        "skewness": scipy.stats.skew(x),
        "kurtosis": scipy.stats.kurtosis(x),
        "first": x[0],
        "last": x[-1],
        "position_of_min": np.argmin(x) / (n - 1),
        "position_of_max": np.argmax(x) / (n - 1),
        **{
            f"mean_of_quarter_{i + 1}": x[bounds[i] : bounds[i + 1]].mean()
            for i in range(4)
        },
        "slope": line.slope,
        "time_correlation": line.rvalue,
        "mean_absolute_change": np.mean(np.abs(np.diff(x))),
        "relative_change": np.sqrt(np.mean(np.diff(x) ** 2)) / np.std(x),
        "mean_crossing_rate": np.mean(above[1:] != above[:-1]),
        "peak_rate": len(scipy.signal.argrelmax(x)[0]) / (n - 1),
        "share_above_mean": above.mean(),
        "longest_above_mean": max(map(len, runs)) / n,
        **{
            f"autocorrelation_{lag}": (
                np.sum((x - x.mean())[lag:] * (x - x.mean())[:-lag]) / (n * np.var(x))
            )
            for lag in (1, 2, 3, 5, 10)
        },
        "dominant_frequency": frequencies[np.argmax(share)],
        "spectral_centroid": centroid,
        "spectral_spread": np.sqrt(
            np.average((frequencies - centroid) ** 2, weights=share)
        ),
        "spectral_entropy": scipy.stats.entropy(share) / np.log(len(share)),
        **{
            f"spectral_band_{i + 1}": share[
                (frequencies > bands[i]) & (frequencies <= bands[i + 1])
            ].sum()
            for i in range(4)
        },
    }


@pytest.mark.parametrize("n", [37, 64])
def test_statistics_are_numpys_and_scipys(n):
    x = np.random.default_rng(n).normal(size=n).cumsum() + 10
    expected = reference(x)
    found = statistics_of(x)
    assert list(found.index) == list(expected)
    np.testing.assert_allclose(
        found.to_numpy(), list(expected.values()), rtol=1e-5, atol=1e-6
    )


def test_statistics_of_channels_and_their_correlations():
    (x,) = make_series(1, 3)
    found = statistics_of(x)
    for i in range(3):
        alone = statistics_of(x[:, i])
        assert found["length"] == alone["length"] == len(x)
        np.testing.assert_allclose(
            found.filter(regex=f"^{i}_(?!.*_correlation|{i})|^{i}_time"), alone[1:]
        )
    expected = np.corrcoef(x.T)[np.triu_indices(3, 1)]
    pairs = ["0_1_correlation", "0_2_correlation", "1_2_correlation"]
    np.testing.assert_allclose(found[pairs], expected, rtol=1e-5)


def test_many_channels_have_no_correlations():
    X = np.random.default_rng(0).normal(size=(2, 15, 21))
    names = make("statistics").fit(X).get_feature_names_out()
    assert not any("_correlation" in n for n in names if "time" not in n)
    names = make("statistics").fit(X[:, :, :20]).get_feature_names_out()
    assert sum(name.count("correlation") for name in names) == 20 * 19 // 2 + 120


def test_shape_does_not_depend_on_level_and_scale():
    x = make_series(1)[0]
    first, second = statistics_of(x), statistics_of(40 * x - 300)
    of_level = {"mean", "std", "min", "lower_quartile", "median", "upper_quartile"}
    of_level |= {"max", "first", "last", "slope", "mean_absolute_change"}
    of_level |= {f"mean_of_quarter_{i}" for i in range(1, 5)}
    shape = [name for name in first.index if name not in of_level]
    assert len(shape) == 24
    np.testing.assert_allclose(first[shape], second[shape], rtol=1e-4, atol=1e-6)
    assert not np.isclose(first[list(of_level)], second[list(of_level)]).any()


@pytest.mark.parametrize("level", [0, 0.1, 1e30, -7])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_constant_series(level, n):
    found = statistics_of(np.full((n, 2), level))
    assert np.isfinite(found).all()
    assert found["0_mean"] == pytest.approx(level)
    nothing = found.filter(
        regex="std|skew|kurt|slope|correl|spectral|change|rate|above"
    )
    assert len(nothing) == 2 * 19 + 1 + 2 * 4
    assert (nothing == 0).all()


@each_method
@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_short_series(method, n):
    values = np.random.default_rng(0).normal(size=(5, n, 2))
    assert np.isfinite(make(method).fit_transform(values)).all()
    longer = make(method).fit(make_series(n_channels=2))
    assert np.isfinite(longer.transform(values)).all()


# ---------------------------------------------------------------------------- rocket


def test_rocket_tells_shapes_apart():
    """A bump somewhere in noise, up and down again or down and up."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    X = []
    for label in y:
        values = rng.normal(0, 0.3, size=rng.integers(60, 90))
        start = rng.integers(0, 40)
        values[start : start + 20] += np.sin(np.linspace(0, 2 * np.pi, 20)) * (
            1 - 2 * label
        )
        X.append(values)
    model = make_pipeline(
        make("rocket"), StandardScaler(with_mean=False), RidgeClassifierCV()
    )
    assert model.fit(X[:60], y[:60]).score(X[60:], y[60:]) > 0.9


# ------------------------------------------------------------------- little and nothing


@each_method
def test_a_column_without_series_at_fit(method):
    X = make_frame().assign(none=pd.Series([None] * 20, dtype=object).to_numpy())
    vectorizer = make(method)
    with pytest.warns(UserWarning, match="Column 'none' holds no series in any of 20"):
        out = vectorizer.fit_transform(X)
    assert vectorizer.n_channels_ == [1, 3, 0]
    names = vectorizer.get_feature_names_out()
    of_none = [name.startswith("none__") for name in names]
    assert sum(of_none) == sum(name.startswith("pulse__") for name in names)
    X["none"] = X["pulse"]
    later = vectorizer.transform(X)
    assert later.shape == out.shape
    assert np.isnan(later[:, of_none]).all()
    assert not np.isnan(later[0, ~np.array(of_none)]).any()


@each_method
@pytest.mark.parametrize("cells", [[None] * 3, [np.nan] * 3])
def test_nothing_at_all_at_fit(method, cells):
    for X in (pd.Series(cells, name="s"), pd.DataFrame({"s": cells})):
        with pytest.warns(UserWarning, match="Column 's' holds no series"):
            vectorizer = make(method).fit(X)
        assert np.isnan(vectorizer.transform(X)).all()
        assert vectorizer.get_feature_names_out()[0].startswith("s__")


@each_method
def test_empty_frames(method):
    X = make_frame()
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        make(method).fit(X[:0])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        make(method).fit(X).transform(X[:0])
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        make(method).fit(X[[]])


# ---------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "cell, words",
    [
        ("1, 2, three", "holds a string that is no list of numbers"),
        (3.0, "holds a float, not a series"),
        ({"x": [1, 2]}, "holds a dict, not a series"),
        ([[1, 2], [3]], "channels of unequal lengths"),
        ([1, "two"], "holds an array of dtype <U"),
        (pd.Series(["one", "two"]), "holds other things than numbers"),
        (np.array([1j]), "holds an array of dtype complex128"),
        (np.zeros((2, 3, 4)), r"holds an array of shape \(2, 3, 4\)"),
        ([1, np.inf], "infinite numbers, or such beyond 1e.36"),
        ([1e40, 1], "infinite numbers, or such beyond 1e.36"),
    ],
    ids=repr,
)
def test_cells_that_are_no_series(cell, words):
    X = make_frame()
    fitted = make("statistics").fit(X)
    before = fitted.transform(X)
    bad = X.copy()
    bad.at[105, "pulse"] = cell
    for call in (fitted.transform, fitted.fit):
        with pytest.raises(ValueError, match=f"Column 'pulse'.*{words}.* row 105"):
            call(bad)
    np.testing.assert_array_equal(fitted.transform(X), before)


def test_channels_that_differ():
    X = make_frame()
    fitted = make("rocket").fit(X)
    words = "Column 'acc' holds a series of 2 channels at row 105, where {} 3 channels"
    X.at[105, "acc"] = np.zeros((30, 2))
    for call, whose in [(fitted.transform, "the fit had"), (fitted.fit, "most other")]:
        with pytest.raises(ValueError, match=words.format(f"{whose}.*")) as caught:
            call(X)
        assert "transpose it if the channels come first" in str(caught.value)


def test_channels_in_another_order():
    cells = pd.Series([as_data_frame(values) for values in make_series(4, 3)])
    fitted = make("statistics").fit(cells)
    turned = cells.map(lambda frame: frame[["y", "x", "z"]])
    np.testing.assert_array_equal(fitted.transform(turned), fitted.transform(cells))
    renamed = cells.map(lambda frame: frame.set_axis(["x", "y", "w"], axis=1))
    words = r"channels \['x', 'y', 'w'\] at row 0, where the fit had .* \['x', 'y', 'z'"
    with pytest.raises(ValueError, match=words):
        fitted.transform(renamed)
    # Without names they are taken as they come.
    plain = cells.map(lambda frame: frame.to_numpy())
    np.testing.assert_array_equal(fitted.transform(plain), fitted.transform(cells))


# -------------------------------------------------------------------------- times


def make_waves(freq="1s", n=60):
    times = pd.date_range("2024-01-05", periods=n, freq=freq)
    return [pd.Series(np.sin(np.arange(n) / k), index=times) for k in (4, 5, 6, 7)]


@pytest.mark.parametrize("freq", ["1s", "15min", "D", "B", "MS", "QE", "10us"])
def test_an_index_of_times_is_used_without_a_word(freq):
    waves = pd.Series(make_waves(freq))
    vectorizer = SeriesVectorizer()
    features = vectorizer.fit_transform(waves)
    plain = SeriesVectorizer().fit_transform(waves.map(lambda wave: wave.to_numpy()))
    np.testing.assert_array_equal(features, plain)
    shuffled = waves.map(lambda wave: wave.sample(frac=1, random_state=0))
    np.testing.assert_array_equal(vectorizer.transform(shuffled), features)


def test_series_of_another_rate_are_brought_to_that_of_the_fit():
    waves = pd.Series(make_waves(), name="wave")
    vectorizer = SeriesVectorizer().set_output(transform="pandas")
    features = vectorizer.fit_transform(waves)
    halves = waves.map(lambda wave: wave.resample("500ms").interpolate())
    doubles = waves.map(lambda wave: wave.iloc[::2])
    gaps = waves.map(lambda wave: wave.drop(wave.index[[20, 21, 40]]))
    for other in (halves, doubles, gaps):
        with pytest.warns(
            UserWarning, match=r"not even, or not those .* in 4 of 4 rows"
        ):
            found = vectorizer.transform(other)
        assert (found["wave__length"] - 60).abs().max() <= 1
        for name in (
            "wave__dominant_frequency",
            "wave__mean_crossing_rate",
            "wave__mean",
        ):
            np.testing.assert_allclose(found[name], features[name], atol=0.05)
    mostly_gaps = waves.map(lambda wave: wave.iloc[[0, 1, -1]])
    mostly_gaps[0].index = (
        mostly_gaps[0].index.to_series().add(pd.to_timedelta([0, 0, 10**9], unit="s"))
    )
    with pytest.warns(UserWarning, match=r"not even"):
        assert vectorizer.transform(mostly_gaps)["wave__length"][0] == 3


def test_tables_of_channels_over_time():
    frames = pd.Series([pd.DataFrame({"x": w, "y": -w}) for w in make_waves()])
    vectorizer = SeriesVectorizer()
    features = vectorizer.fit_transform(frames)
    turned = frames.map(lambda frame: frame[["y", "x"]].iloc[::-1])
    np.testing.assert_array_equal(vectorizer.transform(turned), features)


def test_channels_that_come_first_are_noticed():
    rng = np.random.default_rng(0)
    cells = [rng.normal(size=(3, n)) for n in (50, 60, 70)]
    with pytest.raises(
        ValueError, match=r"3 rows and 50 to 70 columns.*numpy.transpose"
    ):
        detect_modalities(pd.DataFrame({"a": cells}))
    alike = pd.DataFrame({"a": [rng.normal(size=(3, 50)) for _ in range(3)]})
    with pytest.warns(UserWarning, match=r"at most 3 rows and 50 columns.*transpose"):
        detect_modalities(alike)
    turned = pd.DataFrame({"a": [cell.T for cell in cells]})
    assert detect_modalities(turned).to_list() == [("series", "series", ["a"])]


def test_numbers_and_series_are_not_mixed():
    X = make_frame()
    fitted = make("statistics").fit(X)
    with pytest.raises(ValueError, match="Column 'age' holds a float, .* row 100"):
        fitted.fit(X.assign(age=1.5))
    for one in (pd.Series([1.0, 2.0]), pd.Series([1, 2], name="n")):
        with pytest.raises(ValueError, match="one column of numbers, not of series"):
            make("statistics").fit(one)
    table = make("statistics").fit(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    with pytest.raises(ValueError, match="Column 'b' holds other things than numbers"):
        table.transform(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    with pytest.raises(ValueError, match="Column 'series' holds infinite .* row 'r'"):
        table.transform(pd.DataFrame({"a": [1], "b": [np.inf]}, index=["r"]))


def test_wrong_options():
    X = make_series(3)
    for options in ({"method": "fourier"}, {"n_features": 83}, {"n_jobs": "all"}):
        with pytest.raises(ValueError, match=f"'{[*options][0]}' parameter"):
            SeriesVectorizer(**options).fit(X)
