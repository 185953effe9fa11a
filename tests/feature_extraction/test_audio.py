"""AudioVectorizer: what is measured, of which cells, and what stays the same."""

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmm.feature_extraction import AudioVectorizer

pytest.importorskip("librosa")
soundfile = pytest.importorskip("soundfile")

RATE = 16_000
FEATURES = ("mfcc", "mel", "spectral", "tempo")
STATISTICS = (
    "mean",
    "std",
    "min",
    "max",
    "median",
    "q05",
    "q25",
    "q75",
    "q95",
    "delta",
)
VOICES = Path(__file__).parents[3] / "shared" / "data" / "voice_prompts.parquet"


def make_tone(hertz, seconds=0.5, rate=RATE):
    times = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def make_sounds(n=6, seed=0):
    """Noisy tones of several lengths."""
    rng = np.random.default_rng(seed)
    sounds = np.empty(n, dtype=object)
    for i in range(n):
        tone = make_tone(rng.uniform(100, 2000), rng.uniform(0.1, 0.5))
        sounds[i] = tone + rng.normal(0, 0.05, len(tone)).astype(np.float32), RATE
    return sounds


def to_flac(samples, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="flac", subtype="PCM_16")
    return file.getvalue()


def measure(samples, *features, **options):
    """Give the features of one recording by name."""
    vectorizer = AudioVectorizer(features or FEATURES, array_rate=RATE, **options)
    (values,) = vectorizer.fit_transform(pd.DataFrame({"s": [samples]}, dtype=object))
    names = [n.removeprefix("s__") for n in vectorizer.get_feature_names_out()]
    return pd.Series(values, names)


@pytest.fixture(scope="module")
def voices():
    pytest.importorskip("pyarrow")
    if not VOICES.exists():
        pytest.skip("voice_prompts.parquet is not beside the checkout")
    return pd.read_parquet(VOICES)


# --------------------------------------------------------------- what is measured


@pytest.mark.parametrize("hertz", [440, 2000])
def test_a_tone(hertz):
    # Without the frames at the ends, half of which is silence.
    found = measure(make_tone(hertz), "spectral", "mel", statistics=("median", "std"))
    assert found["spectral_centroid_median"] == pytest.approx(hertz, rel=0.02)
    assert found["spectral_rolloff_median"] == pytest.approx(hertz, abs=2 * RATE / 512)
    crossings = found["spectral_zero_crossings_median"] * RATE / 2
    assert crossings == pytest.approx(hertz, rel=0.05)
    assert found["spectral_rms_median"] == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    bands = found.filter(regex="mel.*_median")
    librosa = pytest.importorskip("librosa")
    centres = librosa.mel_frequencies(42, fmax=RATE / 2)[1:-1]
    assert bands.argmax() == abs(centres - hertz).argmin()


def test_noise_is_flat_and_a_tone_is_not():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
    flatness = [
        measure(samples, "spectral")["spectral_flatness_mean"]
        for samples in (noise, make_tone(440))
    ]
    assert flatness[0] > 0.3 > 0.01 > flatness[1]


def test_louder_is_louder_and_of_the_same_timbre():
    quiet, loud = (measure(gain * make_tone(440)) for gain in (0.1, 1))
    mel = quiet.filter(like="mel_").filter(like="_mean").index
    np.testing.assert_allclose(loud[mel] - quiet[mel], 20, atol=0.1)
    timbre = [f"mfcc_{i}_mean" for i in range(1, 20)]
    np.testing.assert_allclose(loud[timbre], quiet[timbre], atol=0.05)
    assert loud["mfcc_0_mean"] > quiet["mfcc_0_mean"] + 50


@pytest.mark.parametrize("bpm", [60, 100, 150])
def test_tempo_of_clicks(bpm):
    samples = np.zeros(8 * RATE, dtype=np.float32)
    for start in np.arange(0.1, 7.9, 60 / bpm):
        samples[int(start * RATE) :][:200] = 0.9 * np.hanning(200)
    found = measure(samples, "tempo")
    # Twice or half as fast is a matter of taste.
    ratio = found["tempo_bpm"] / bpm
    assert min(abs(ratio - r) / r for r in (0.5, 1, 2)) < 0.05
    still = measure(np.zeros(8 * RATE, dtype=np.float32), "tempo")
    assert found["tempo_strength"] > 0.2 > still["tempo_strength"]
    assert found["tempo_onset_mean"] > still["tempo_onset_mean"] == 0
    assert found["tempo_seconds"] == 8


def test_statistics_over_time():
    """A tone, then another: what differs is how they are spread over time."""
    halves = np.concatenate([make_tone(400), make_tone(1600)])
    found = measure(halves, "spectral", statistics=STATISTICS)
    centroid = found.filter(like="spectral_centroid").rename(
        lambda name: name.removeprefix("spectral_centroid_")
    )
    assert centroid["mean"] == pytest.approx(1000, rel=0.1)
    assert centroid["q25"] == pytest.approx(400, rel=0.05)
    assert centroid["q75"] == pytest.approx(1600, rel=0.05)
    in_order = ["min", "q05", "q25", "median", "q75", "q95", "max"]
    assert centroid[in_order].is_monotonic_increasing
    assert centroid["std"] == pytest.approx(600, rel=0.1)
    # Up by 1,200 once, and little else.
    n_steps = len(halves) // 256
    assert centroid["delta"] == pytest.approx(1200 / n_steps, rel=0.5)


@pytest.mark.parametrize("seconds", [20, 70])
def test_long_recordings_are_read_in_blocks(seconds, monkeypatch):
    """The blocks' frames are those that the whole has."""
    from skmm.feature_extraction import _sound_features

    samples = np.random.default_rng(0).uniform(-0.1, 0.1, seconds * RATE // 10)
    samples = samples.astype(np.float32)
    whole = measure(samples)
    monkeypatch.setattr(_sound_features, "_BLOCK", 7)
    np.testing.assert_allclose(measure(samples), whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "samples",
    [
        np.array([0.5]),
        np.array([0.0]),
        np.array([1.0, -1.0]),
        make_tone(440, 0.01),
        np.zeros(RATE),
        np.full(RATE, 0.5),
        np.eye(1, RATE)[0],
        np.random.default_rng(0).uniform(-1, 1, 513),
    ],
    ids=["one", "one_0", "two", "10_ms", "silent", "constant", "click", "513"],
)
def test_short_silent_and_constant_sounds_are_finite(samples, recwarn):
    found = measure(samples.astype(np.float32), statistics=STATISTICS)
    assert np.isfinite(found).all()
    assert not recwarn.list


@pytest.mark.parametrize("rate", [2000, 8000, 22_050, 44_100])
def test_rates(rate):
    found = measure((make_tone(440, rate=44_100), 44_100), rate=rate, n_fft=2048)
    assert np.isfinite(found).all()
    assert found["spectral_centroid_max"] < rate / 2
    assert found["tempo_seconds"] == pytest.approx(0.5, abs=0.01)


def test_languages_are_told_apart(voices):
    """As the benchmark does, but in fewer prompts."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    prompts = np.random.default_rng(0).permutation(voices["prompt"].unique())[:40]
    rows = voices[voices["prompt"].isin(prompts)]
    train = rows["prompt"].isin(prompts[:30])
    model = make_pipeline(
        AudioVectorizer(("mfcc", "mel", "spectral")),
        StandardScaler(),
        RidgeClassifierCV(np.logspace(0, 4, 9)),
    )
    model.fit(rows.loc[train, ["audio"]], rows.loc[train, "language"])
    score = model.score(rows.loc[~train, ["audio"]], rows.loc[~train, "language"])
    assert score > 0.85


# -------------------------------------------------------------------------- names


def test_names():
    vectorizer = AudioVectorizer(statistics=("mean", "delta"), n_mels=30, n_mfcc=13)
    vectorizer.fit(pd.DataFrame({"call": make_sounds(2)}))
    names = vectorizer.get_feature_names_out()
    assert len(set(names)) == len(names) == 2 * (13 + 30 + 13) + 5
    for name in ["mfcc_3_mean", "mel_29_delta", "spectral_contrast_6_mean"]:
        assert f"call__{name}" in names
    assert names[-5:].tolist() == [
        f"call__tempo_{name}"
        for name in ("bpm", "strength", "onset_mean", "onset_std", "seconds")
    ]


def test_features_come_in_the_order_asked_for():
    X = list(make_sounds(3))
    options = {"statistics": ("std", "mean")}
    alone = [
        AudioVectorizer((name,), **options).fit_transform(X)
        for name in ("tempo", "spectral", "mfcc", "mel")
    ]
    together = AudioVectorizer(("tempo", "spectral", "mfcc", "mel"), **options)
    np.testing.assert_array_equal(together.fit_transform(X), np.hstack(alone))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library, voices):
    pytest.importorskip(library)
    X = voices[["audio"]][:3].set_axis([7, 3, 5])
    expected = AudioVectorizer(("mfcc",)).fit_transform(X)
    vectorizer = AudioVectorizer(("mfcc",)).set_output(transform=library)
    for features in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(features).__module__.startswith(library)
        assert list(features.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(features.to_numpy(), expected)
    if library == "pandas":
        assert features.index.tolist() == [7, 3, 5]


# -------------------------------------------------------------------------- cells


def test_all_kinds_of_cells_are_the_same_recording(tmp_path):
    torch = pytest.importorskip("torch")
    samples = np.rint(make_tone(440) * 32767).astype(np.int16)
    path = tmp_path / "a sound.flac"
    path.write_bytes(to_flac(samples))
    cells = [
        (samples, RATE),
        to_flac(samples),
        str(path),
        path,
        samples,
        (torch.from_numpy(samples), RATE),
        (np.stack([samples, samples], axis=1), RATE),
        samples / np.float32(32768),
    ]
    features = AudioVectorizer(array_rate=RATE).fit_transform(cells)
    expected = np.tile(features[0], (len(cells), 1))
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


def test_containers():
    sounds = make_sounds()
    frame = pd.DataFrame({"call": sounds})
    expected = AudioVectorizer(("mfcc",)).fit_transform(frame)
    assert expected.dtype == np.float32
    for X in (list(sounds), sounds, frame["call"]):
        vectorizer = AudioVectorizer(("mfcc",))
        np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
        np.testing.assert_array_equal(vectorizer.transform(list(sounds)), expected)


def test_polars_bytes():
    polars = pytest.importorskip("polars")
    cells = [to_flac(samples) for samples, _ in make_sounds(3)] + [None]
    expected = AudioVectorizer().fit_transform(pd.DataFrame({"call": cells}))
    frame = polars.DataFrame({"call": cells})
    np.testing.assert_array_equal(AudioVectorizer().fit_transform(frame), expected)


def test_missing():
    sounds = list(make_sounds(3))
    expected = AudioVectorizer(("mel",)).fit_transform(sounds)
    X = pd.DataFrame({"call": [*sounds, None, np.nan, "", b""]}, dtype=object)
    features = AudioVectorizer(("mel",)).fit_transform(X)
    np.testing.assert_array_equal(features[:3], expected)
    assert np.isnan(features[3:]).all()


def test_a_column_without_recordings():
    vectorizer = AudioVectorizer()
    with pytest.warns(UserWarning, match="'call' holds no recordings in any of 2"):
        out = vectorizer.fit_transform(pd.DataFrame({"call": [None, None]}))
    assert np.isnan(out).all()
    assert out.shape == (2, len(vectorizer.get_feature_names_out()))


def test_errors(tmp_path):
    sounds = [*make_sounds(3), "nothing.wav"]
    X = pd.DataFrame({"call": sounds}, index=list("abcd"))
    with pytest.raises(ValueError, match="'call', row 'd'.*nothing.wav.*Remedy"):
        AudioVectorizer(root=tmp_path).fit(X)
    with pytest.warns(UserWarning, match="'call': 1 of 4 rows cannot be read"):
        out = AudioVectorizer(("mel",), errors="missing").fit_transform(X)
    assert np.isnan(out).all(axis=1).tolist() == [False, False, False, True]
    with pytest.raises(ValueError, match="array_rate|no recording"):
        AudioVectorizer().fit([make_tone(440)])
    with pytest.raises(ValueError, match="max_seconds"):
        AudioVectorizer(max_seconds=0.1).fit([(make_tone(440), RATE)])


@pytest.mark.parametrize("errors", ["raise", "missing"])
def test_numbers_are_refused(errors):
    X = pd.DataFrame({"call": make_sounds(3), "age": [1, 2, 3]})
    with pytest.raises(ValueError, match="'age' holds numbers, not recordings.*leave"):
        AudioVectorizer(errors=errors).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("mel", "chroma")}, "there is no 'chroma'"),
        ({"statistics": ("mode",)}, "there is no 'mode'"),
        ({"statistics": ()}, "name each once"),
        ({"n_mfcc": 41}, "no more coefficients than n_mels=40"),
        ({"n_mels": 300}, "hold no frequency at n_fft=512 and rate=16000"),
        ({"rate": 1000}, "'rate' parameter"),
    ],
)
def test_options(options, message):
    with pytest.raises(ValueError, match=message):
        AudioVectorizer(**options).fit(make_sounds(2))


# ---------------------------------------------------------------- stays the same


def test_one_row_is_as_in_its_batch_in_any_order():
    X = list(make_sounds())
    vectorizer = AudioVectorizer().fit(X)
    batch = vectorizer.transform(X)
    alone = np.vstack([vectorizer.transform([cell]) for cell in X])
    np.testing.assert_array_equal(alone, batch)
    np.testing.assert_array_equal(vectorizer.transform(X[::-1]), batch[::-1])


def test_clone_pickle_and_n_jobs():
    X = list(make_sounds())
    vectorizer = AudioVectorizer(("mfcc",)).fit(X)
    expected = vectorizer.transform(X)
    loaded = pickle.loads(pickle.dumps(vectorizer))
    np.testing.assert_array_equal(loaded.transform(X), expected)
    parallel = clone(vectorizer).set_params(n_jobs=2)
    np.testing.assert_array_equal(parallel.fit_transform(X), expected)
